//! A database of very many messages, filled through the front door, so that it stays true when tables
//! change. An eleventh of them lies in one big chat, the rest in small chats of thirteen, so
//! that of a thousand chats each is in some two hundred.

use std::path::PathBuf;

use tokio::task::JoinSet;

use crate::crowd::{Crowd, Person};
use crate::http::Connection;
use crate::post::Post;
use crate::server::Server;
use crate::{Bench, Result};

const PEOPLE: usize = 64;
const IN_A_CHAT: usize = 13;

pub(crate) struct Archive {
    pub(crate) data: PathBuf,
    pub(crate) messages: usize,
    crowd: Crowd,
    chats: Vec<u64>,
}

impl Archive {
    pub(crate) async fn new(bench: &Bench, data: PathBuf, chats: usize) -> Result<Self> {
        let mut crowd = Crowd::new(data.clone());
        let server = bench.start(&data).await?;
        crowd.gather(&server, PEOPLE).await?;
        let everybody: Vec<_> = crowd.people.iter().collect();
        let mut ids = vec![Crowd::chat(&server, "Everybody", &everybody).await?];
        for chat in 1..chats {
            let members: Vec<_> = (0..IN_A_CHAT).map(|seat| &crowd.people[(chat + seat) % PEOPLE]).collect();
            ids.push(Crowd::chat(&server, &format!("Room {chat}"), &members).await?);
        }
        server.stop()?;
        Ok(Self { data, messages: 0, crowd, chats: ids })
    }

    /// The chat in which everybody writes, and a member of it.
    pub(crate) fn big(&self) -> (u64, &Person) {
        (self.chats[0], &self.crowd.people[0])
    }

    /// Some small chat, and a member of it.
    pub(crate) fn small(&self, which: usize) -> (u64, &Person) {
        let chat = 1 + which % (self.chats.len() - 1);
        (self.chats[chat], &self.crowd.people[chat % PEOPLE])
    }

    /// The small chats of which this one of the people is a member.
    fn small_of(&self, person: usize) -> Vec<u64> {
        let numbered = self.chats.iter().enumerate().skip(1);
        let mine = numbered.filter(|(chat, _)| (person + PEOPLE - chat % PEOPLE) % PEOPLE < IN_A_CHAT);
        mine.map(|(_, id)| *id).collect()
    }

    /// Posts until there are so many messages.
    pub(crate) async fn grow(&mut self, server: &Server, messages: usize) -> Result<()> {
        eprintln!("filling up to {messages} messages …");
        self.crowd.gather(server, PEOPLE).await?;
        let mut writers = JoinSet::new();
        for (number, person) in self.crowd.people.iter().enumerate() {
            let mut connection = Connection::open(server.address).await?;
            let token = person.token.clone();
            let (big, small) = (self.chats[0], self.small_of(number));
            let mine = (self.messages..messages).skip(number).step_by(PEOPLE);
            writers.spawn_local(async move {
                for message in mine {
                    let turn = message / PEOPLE;
                    let chat = if turn.is_multiple_of(11) { big } else { small[turn % small.len()] };
                    let mut post = Post::new(&token, chat, number);
                    connection.ask(post.stamped(message as u64)).await?.expect(201)?;
                }
                Ok::<_, crate::Error>(())
            });
        }
        while let Some(writer) = writers.join_next().await {
            writer??;
        }
        self.messages = messages;
        Ok(())
    }
}

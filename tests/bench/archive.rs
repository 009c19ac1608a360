//! A database of very many messages, filled through the front door, so that it stays true when tables
//! change. An eleventh of them lies in one big chat, the rest in small chats of thirteen, so
//! that of a thousand chats each is in some two hundred. Besides those who write there is one who is in
//! three small chats alone, one who is in all, and in the big chat some who only read, two hundred together.

use std::path::PathBuf;

use tokio::task::JoinSet;

use crate::crowd::{Crowd, Person};
use crate::http::Connection;
use crate::post::Post;
use crate::server::Server;
use crate::words::sentence;
use crate::{Bench, Result};

/// Those who write, whose number comes first.
const PEOPLE: usize = 64;
const IN_A_CHAT: usize = 13;
/// Who is in the first three small chats.
const IN_FEW: usize = PEOPLE;
const IN_ALL: usize = PEOPLE + 1;
/// With those who are in the big chat and only read.
const EVERYBODY: usize = 201;

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
        crowd.gather(&server, EVERYBODY).await?;
        let everybody: Vec<_> = crowd.people[..PEOPLE].iter().chain(&crowd.people[IN_ALL..]).collect();
        let mut ids = vec![Crowd::chat(&server, "Everybody", &everybody).await?];
        for chat in 1..chats {
            let writers = (0..IN_A_CHAT).map(|seat| (chat + seat) % PEOPLE);
            let readers = [IN_ALL, IN_FEW].into_iter().take(if chat <= 3 { 2 } else { 1 });
            let members: Vec<_> = writers.chain(readers).map(|person| &crowd.people[person]).collect();
            ids.push(Crowd::chat(&server, &format!("Room {chat}"), &members).await?);
        }
        server.stop()?;
        Ok(Self { data, messages: 0, crowd, chats: ids })
    }

    /// Those who write, with tokens good for some minutes.
    pub(crate) async fn people(&mut self, server: &Server) -> Result<&[Person]> {
        self.crowd.gather(server, EVERYBODY).await?;
        Ok(&self.crowd.people[..PEOPLE])
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

    /// Members of three chats, of some of them, and of all; in how many each is.
    pub(crate) fn readers(&self) -> [(usize, &Person); 3] {
        let people = &self.crowd.people;
        [(3, &people[IN_FEW]), (self.small_of(0).len() + 1, &people[0]), (self.chats.len(), &people[IN_ALL])]
    }

    /// The words of some message.
    pub(crate) fn sentence(&self, which: usize) -> Vec<String> {
        sentence((which % self.messages) as u64, Post::ROOM)
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
        self.crowd.gather(server, EVERYBODY).await?;
        let mut writers = JoinSet::new();
        for (number, person) in self.crowd.people[..PEOPLE].iter().enumerate() {
            let mut connection = Connection::open(server.address).await?;
            let token = person.token.clone();
            let (big, small) = (self.chats[0], self.small_of(number));
            let mine = (self.messages..messages).skip(number).step_by(PEOPLE);
            writers.spawn_local(async move {
                for message in mine {
                    let turn = message / PEOPLE;
                    let chat = if turn.is_multiple_of(11) { big } else { small[turn % small.len()] };
                    let mut post = Post::new(&token, chat, number);
                    post.say(&sentence(message as u64, Post::ROOM).join(" "));
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

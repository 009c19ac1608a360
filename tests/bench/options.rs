//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use crate::Result;

pub(crate) const HELP: &str = "\
cargo bench --bench load -- [SECTION]… [OPTION]…

Sections (all of them without one):
  sends      durable sends a second, with 1, 16 and 64 senders
  storm      the same by 16 senders, while other clients do the worst they may; importing an archive
  questions  what requests cost that read nothing, one row, the chats, and the last 50 messages
  dialects   sends by each API, with 16 senders
  delivery   from the sender to 10, 100 and 1,000 receivers
  fanout     deliveries a second at saturation, with 100 and 1,000 receivers
  groups     sends in a group of 10 and in one of 1,000
  nodes      sends, delivery and saturation on MySQL, by one node, two and three
  memory     idle, and with 1,000 and 10,000 idle sockets
  reads      the last 50 of a chat, with 100,000 and 1,000,000 messages
  lists      the list of some 200 chats, with as many messages, and the size of the database
  search     finding messages, for members of few chats and of all, with as many messages
  start      cold start to a healthy answer, with as many messages
  backup     backup and restore of 1,000,000 messages and 1 GiB of files, and sends meanwhile
  small      100 people at once on one core and 256 MiB of memory

Options:
  --seconds N    how long each measurement lasts (10)
  --quick        smaller and shorter, to see that it works; not for comparing
  --json         the result as JSON
  --server FILE  another binary than the one just built
  --versus FILE  a binary to compare with: both are measured in turn, and ratios are printed
  --rounds N     how often each is measured (3)
  --engine NAME  what the nodes share: mysql or mariadb (mysql)
  --dir FOLDER   where the temporary data go (in the target folder); its disk is what is measured";

pub(crate) struct Options {
    pub(crate) sections: Vec<String>,
    pub(crate) time: Duration,
    pub(crate) quick: bool,
    pub(crate) json: bool,
    pub(crate) engine: String,
    pub(crate) binary: PathBuf,
    /// The binary to compare with.
    pub(crate) versus: Option<PathBuf>,
    pub(crate) rounds: usize,
    pub(crate) folder: PathBuf,
    /// Whether cargo runs a benchmark, rather than compiling one to see that it does.
    pub(crate) bench: bool,
    pub(crate) help: bool,
}

const SECTIONS: [&str; 15] = [
    "sends",
    "storm",
    "questions",
    "dialects",
    "delivery",
    "fanout",
    "groups",
    "nodes",
    "memory",
    "reads",
    "lists",
    "search",
    "start",
    "backup",
    "small",
];
/// An access token lasts fifteen minutes.
const MAX_LENGTH: u64 = 120;

impl Options {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self {
            sections: Vec::new(),
            time: Duration::ZERO,
            quick: false,
            json: false,
            engine: "mysql".to_owned(),
            binary: env!("CARGO_BIN_EXE_besedka").into(),
            versus: None,
            rounds: 3,
            folder: env!("CARGO_TARGET_TMPDIR").into(),
            bench: false,
            help: false,
        };
        let mut seconds = None;
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} wants a value"));
            match word.as_str() {
                "--seconds" => seconds = Some(value()?.parse()?),
                "--server" => options.binary = value()?.into(),
                "--versus" => options.versus = Some(value()?.into()),
                "--rounds" => options.rounds = value()?.parse::<usize>()?.max(1),
                "--engine" => options.engine = value()?,
                "--dir" => options.folder = value()?.into(),
                "--quick" => options.quick = true,
                "--json" => options.json = true,
                "--bench" => options.bench = true,
                "--help" | "-h" => options.help = true,
                section if SECTIONS.contains(&section) => options.sections.push(word),
                other => return Err(format!("unknown argument {other}\n\n{HELP}").into()),
            }
        }
        let seconds: u64 = seconds.unwrap_or(if options.quick { 2 } else { 10 });
        options.time = Duration::from_secs(seconds.clamp(1, MAX_LENGTH));
        Ok(options)
    }

    pub(crate) fn wants(&self, section: &str) -> bool {
        self.sections.is_empty() || self.sections.iter().any(|wanted| wanted == section)
    }
}

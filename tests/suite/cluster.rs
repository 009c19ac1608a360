//! Several nodes as people run them: processes behind HAProxy, on MariaDB or MySQL, with NATS and a bucket; and what
//! goes wrong there. `make faults` runs these, one after the other.
//!
//! After each fault the same is asked: every message that was acknowledged is there once, and every member received it
//! once and in order, with nothing but their cursor; and every node is ready again.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::Executor;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::bucket::{self, Bucket};
use crate::database::engine;
use crate::nodes::Nats;
use crate::relay::Relay;
use crate::restart::Engine;
use crate::server::{PASSWORD, Person, Reply, Socket, client, fresh_key};
use crate::traffic::history;

/// Long enough for anything that should happen.
const PATIENCE: Duration = Duration::from_secs(40);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "make faults"]
async fn nodes_that_are_killed_under_load_lose_nothing() {
    let mut cluster = Cluster::start(3).await;
    let load = Load::begin(&cluster).await;
    for unlucky in [1, 0] {
        load.goes_on(Duration::from_secs(2)).await;
        cluster.nodes[unlucky].kill();
        load.goes_on(Duration::from_secs(3)).await;
        cluster.nodes[unlucky].start().await;
    }
    load.goes_on(Duration::from_secs(2)).await;
    load.check(&cluster).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "make faults"]
async fn half_a_minute_without_nats_loses_nothing() {
    let mut cluster = Cluster::start(2).await;
    let load = Load::begin(&cluster).await;
    load.goes_on(Duration::from_secs(2)).await;
    cluster.nats.stop();
    load.goes_on(Duration::from_secs(30)).await;
    cluster.nats = Nats::at(cluster.nats.port).unwrap();
    load.goes_on(Duration::from_secs(4)).await;
    load.check(&cluster).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "make faults"]
async fn a_database_that_is_restarted_under_load_loses_nothing() {
    let mut cluster = Cluster::start(2).await;
    let load = Load::begin(&cluster).await;
    for away in [Duration::ZERO, Duration::from_secs(15)] {
        load.goes_on(Duration::from_secs(2)).await;
        cluster.engine.kill();
        sleep(away).await;
        cluster.engine = Engine::start(&kind(), cluster.dir.path()).await;
        load.goes_on(Duration::from_secs(3)).await;
    }
    load.check(&cluster).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "make faults"]
async fn a_minute_without_the_bucket_holds_nobody_up_but_files() {
    let mut cluster = Cluster::start(2).await;
    let load = Load::begin(&cluster).await;
    let ann = load.people[0].clone();
    let before = ann.upload("before.txt", "text/plain", b"before".to_vec()).await;
    let info = ann.get(&format!("/attachments/{before}/info")).await.expect(200);
    let link = info["url"].as_str().unwrap().to_owned();
    let fetch = async || Reply::to(ann.http.get(&link)).await;
    let address = cluster.bucket.take().unwrap().url.replace("http://", "");
    let mut refused = 0;
    let over = Instant::now() + Duration::from_secs(60);
    while Instant::now() < over {
        load.goes_on(Duration::from_secs(5)).await;
        fetch().await.refused(503, "files_unavailable");
        refused += 1;
    }
    assert!(refused > 3, "nobody waits for it for long: {refused}");
    cluster.bucket = Some(Bucket::at(&cluster.dir.path().join("bucket"), &address).await);
    let back = async {
        while fetch().await.status != 200 {
            sleep(Duration::from_millis(200)).await;
        }
    };
    timeout(PATIENCE, back).await.expect("files are reached again");
    ann.upload("after.txt", "text/plain", b"after".to_vec()).await;
    load.check(&cluster).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "make faults"]
async fn a_node_that_is_cut_off_from_nats_alone_tells_everything() {
    let cluster = Cluster::start(3).await;
    let load = Load::begin(&cluster).await;
    load.goes_on(Duration::from_secs(2)).await;
    cluster.nodes[1].bus.cut(true);
    load.goes_on(Duration::from_secs(20)).await;
    cluster.nodes[1].bus.cut(false);
    load.goes_on(Duration::from_secs(5)).await;
    load.check(&cluster).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "make faults"]
async fn nodes_are_replaced_one_by_one_and_nobody_is_refused() {
    let mut cluster = Cluster::start(3).await;
    let load = Load::begin(&cluster).await;
    for node in 0..3 {
        load.goes_on(Duration::from_secs(2)).await;
        cluster.nodes[node].stop().await;
        cluster.nodes[node].start().await;
    }
    load.goes_on(Duration::from_secs(2)).await;
    assert_eq!(load.refused.load(Ordering::SeqCst), 0, "a node finishes what it began, and takes no more");
    load.check(&cluster).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "make faults"]
async fn three_nodes_deliver_all_that_64_people_say_at_once() {
    let cluster = Cluster::start(3).await;
    let load = Load::of(&cluster, 64).await;
    load.goes_on(Duration::from_secs(10)).await;
    load.check(&cluster).await;
}

fn kind() -> String {
    engine().unwrap_or_else(|| "mariadb".to_owned())
}

pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Everything that runs.
struct Cluster {
    nodes: Vec<Node>,
    nats: Nats,
    engine: Engine,
    bucket: Option<Bucket>,
    /// Under which address people reach it.
    url: String,
    balancer: Child,
    dir: TempDir,
}

impl Cluster {
    async fn start(count: usize) -> Self {
        let dir = TempDir::new().unwrap();
        let nats = Nats::start().expect("nats-server is there");
        let engine = Engine::start(&kind(), dir.path()).await;
        engine.connect().await.unwrap().execute("CREATE DATABASE besedka").await.unwrap();
        let bucket = Bucket::over(&dir.path().join("bucket")).await;
        let mut nodes = Vec::new();
        for number in 0..count {
            let flags = [
                format!("--database-url={}/besedka", engine.url),
                format!("--storage-url={}", bucket.storage_url("&direct=off")),
                format!("--secret-file={}", dir.path().join("secret.key").display()),
                format!("--data-dir={}", dir.path().join(format!("node{number}")).display()),
            ];
            let bus = Relay::to(format!("127.0.0.1:{}", nats.port).parse().unwrap()).await;
            let log = dir.path().join(format!("node{number}.log"));
            let mut node = Node { port: free_port(), flags: flags.to_vec(), log, bus, child: None };
            // The first one makes the secret that the others share.
            node.start().await;
            nodes.push(node);
        }
        let (url, balancer) = balance(&nodes, dir.path()).await;
        Self { nodes, nats, engine, bucket: Some(bucket), url, balancer, dir }
    }

    fn nobody(&self) -> Person {
        let (token, refresh) = (String::new(), String::new());
        Person { id: 0, token, refresh, url: self.url.clone(), http: client() }
    }

    async fn person(&self, name: &str) -> Person {
        let body = json!({"username": name, "password": PASSWORD, "display_name": name});
        let reply = self.nobody().post("/auth/register", body).await.expect(201);
        let person = self.nobody().with(&reply["tokens"]);
        Person { id: reply["user"]["id"].as_i64().unwrap(), ..person }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.balancer.kill();
        let _ = self.balancer.wait();
        if std::thread::panicking() {
            for node in &self.nodes {
                let log = std::fs::read_to_string(&node.log).unwrap_or_default();
                let last: Vec<&str> = log.lines().rev().take(15).collect();
                eprintln!("the node at {} sent, the last first:\n{}", node.port, last.join("\n"));
            }
        }
    }
}

/// HAProxy before the nodes, as `deploy/haproxy.cfg` has it.
async fn balance(nodes: &[Node], folder: &Path) -> (String, Child) {
    let port = free_port();
    let servers: String = nodes
        .iter()
        .enumerate()
        .map(|(number, node)| format!("    server node{number} 127.0.0.1:{} check\n", node.port))
        .collect();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/haproxy.cfg");
    let example = std::fs::read_to_string(example).unwrap();
    let kept = |line: &&str| !line.trim_start().starts_with("server ") && !line.contains("bind ");
    let mut config = String::new();
    for line in example.lines().filter(kept) {
        config += &format!("{line}\n");
        if line.starts_with("frontend ") {
            config += &format!("    bind 127.0.0.1:{port}\n");
        }
    }
    config += &servers;
    let file = folder.join("haproxy.cfg");
    std::fs::write(&file, config).unwrap();
    let log = std::fs::File::create(folder.join("haproxy.log")).unwrap();
    let child = Command::new("haproxy")
        .args(["-db", "-f", file.to_str().unwrap()])
        .env("PATH", "/usr/sbin:/usr/bin:/bin:/usr/local/sbin:/usr/local/bin")
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .expect("HAProxy is there");
    let url = format!("http://127.0.0.1:{port}");
    ready(&url).await;
    (url, child)
}

async fn ready(url: &str) {
    assert!(is_ready(url).await, "{url} is ready");
}

async fn is_ready(url: &str) -> bool {
    let http = client();
    let answers = async {
        while !http.get(format!("{url}/ready")).send().await.is_ok_and(|reply| reply.status() == 200) {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, answers).await.is_ok()
}

/// One of the nodes: the real program.
struct Node {
    port: u16,
    flags: Vec<String>,
    log: std::path::PathBuf,
    bus: Relay,
    child: Option<Child>,
}

impl Node {
    async fn start(&mut self) {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&self.log).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_besedka"))
            .args(["--rate-limits=off", "--drain=3", "--trusted-proxies=127.0.0.1"])
            .args([
                format!("--listen=127.0.0.1:{}", self.port),
                format!("--bus-url=nats://{}", self.bus.address),
            ])
            .args(&self.flags)
            .env("AWS_ACCESS_KEY_ID", bucket::KEY_ID)
            .env("AWS_SECRET_ACCESS_KEY", bucket::SECRET)
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
        if !is_ready(&self.url()).await {
            panic!("it does not start: {}", std::fs::read_to_string(&self.log).unwrap_or_default());
        }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// As the power goes.
    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks it to stop, and waits until it has.
    async fn stop(&mut self) {
        let mut child = self.child.take().unwrap();
        let id = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let over = async {
            while child.try_wait().unwrap().is_none() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, over).await.expect("it stops in time");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// People who talk all the time, and people who listen.
struct Load {
    people: Vec<Person>,
    chat: i64,
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicUsize>,
    /// How often somebody was refused, or got no answer.
    refused: Arc<AtomicUsize>,
    talkers: Vec<JoinHandle<Vec<Value>>>,
    listeners: Vec<JoinHandle<Vec<Value>>>,
    /// How many there are to hear, once that is known.
    total: watch::Sender<Option<usize>>,
}

impl Load {
    async fn begin(cluster: &Cluster) -> Self {
        Self::of(cluster, 6).await
    }

    /// With so many who talk.
    async fn of(cluster: &Cluster, talkers: usize) -> Self {
        let people = vec![cluster.person("ann").await, cluster.person("bob").await];
        let chat = people[0].group("Garden", &[&people[1]]).await;
        let (stop, sent, refused) = (Arc::default(), Arc::default(), Arc::default());
        let (total, waiting) = watch::channel(None);
        let mut listeners = Vec::new();
        for person in people.iter().chain(&people) {
            // Where it begins, it receives from the first answer on.
            let cursor = person.get("/sync").await.expect(200)["cursor"].as_str().unwrap().to_owned();
            listeners.push(tokio::spawn(listen(person.clone(), cursor, waiting.clone())));
        }
        let talkers = (0..talkers).map(|name| {
            let talker =
                Talker { person: people[name % 2].clone(), chat, name, refused: Arc::clone(&refused) };
            tokio::spawn(talker.talk(Arc::clone(&stop), Arc::clone(&sent)))
        });
        let talkers = talkers.collect();
        Self { people, chat, stop, sent, refused, talkers, listeners, total }
    }

    /// Waits, and checks that something was sent meanwhile.
    async fn goes_on(&self, time: Duration) {
        let before = self.sent.load(Ordering::SeqCst);
        sleep(time).await;
        let going = async {
            while self.sent.load(Ordering::SeqCst) == before {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, going).await.expect("talk goes on");
    }

    /// Stops talking, and compares what was acknowledged with what is kept and with what each received.
    async fn check(self, cluster: &Cluster) {
        self.stop.store(true, Ordering::SeqCst);
        let talked = timeout(PATIENCE, join_all(self.talkers)).await.expect("each gets an answer in the end");
        let talked: Vec<Vec<Value>> = talked.into_iter().map(Result::unwrap).collect();
        let kept: Vec<Value> = history(&self.people[0], self.chat).await;
        let count = talked.iter().map(Vec::len).sum::<usize>();
        let mut places = BTreeMap::new();
        for (place, message) in kept.iter().enumerate() {
            assert!(places.insert(message["content"].as_str().unwrap(), place).is_none(), "twice: {message}");
        }
        for sent in &talked {
            let own: Vec<usize> =
                sent.iter().map(|message| places[message["content"].as_str().unwrap()]).collect();
            assert!(own.is_sorted(), "each one's are in the order in which they were sent");
        }
        assert_eq!(kept.len(), count, "what was acknowledged is kept, and nothing else");
        self.total.send_replace(Some(count));
        let ids =
            |messages: &[Value]| messages.iter().map(|message| message["id"].clone()).collect::<Vec<_>>();
        let received =
            timeout(PATIENCE, join_all(self.listeners)).await.expect("everybody receives everything");
        for received in received {
            assert_eq!(ids(&received.unwrap()), ids(&kept), "each receives everything once and in order");
        }
        eprintln!("{count} messages; {} requests had to be repeated", self.refused.load(Ordering::SeqCst));
        for node in cluster.nodes.iter().filter(|node| node.child.is_some()) {
            ready(&node.url()).await;
        }
    }
}

/// A client that talks, and repeats what got no answer with its key.
struct Talker {
    person: Person,
    chat: i64,
    name: usize,
    refused: Arc<AtomicUsize>,
}

impl Talker {
    async fn talk(self, stop: Arc<AtomicBool>, sent: Arc<AtomicUsize>) -> Vec<Value> {
        let mut acknowledged = Vec::new();
        while !stop.load(Ordering::SeqCst) {
            let text = format!("{} {}", self.name, acknowledged.len());
            acknowledged.push(self.post_text(&text).await);
            sent.fetch_add(1, Ordering::SeqCst);
            sleep(Duration::from_millis(10)).await;
        }
        acknowledged
    }

    async fn post_text(&self, text: &str) -> Value {
        let (key, body) = (fresh_key(), json!({"chat_id": self.chat, "type": "text", "content": text}));
        loop {
            let request = self.person.http.post(format!("{}/api/v1/messages", self.person.url));
            let request = request.bearer_auth(&self.person.token).header("Idempotency-Key", &key).json(&body);
            if let Ok(response) = request.send().await {
                let status = response.status().as_u16();
                match (status, response.json::<Value>().await) {
                    (201, Ok(message)) => return message,
                    (409, Ok(refusal)) => return refusal["original"]["body"].clone(),
                    (502..=504, _) | (_, Err(_)) => {}
                    (status, Ok(body)) => panic!("{status} {body}"),
                }
            }
            self.refused.fetch_add(1, Ordering::SeqCst);
            sleep(Duration::from_millis(100)).await;
        }
    }
}

/// A client that listens, and comes back with its cursor whenever it is closed.
async fn listen(person: Person, first: String, mut total: watch::Receiver<Option<usize>>) -> Vec<Value> {
    let (mut received, mut positions) = (Vec::new(), BTreeMap::new());
    let is_over =
        |received: &[Value], total: Option<usize>| total.is_some_and(|total| received.len() >= total);
    while !is_over(&received, *total.borrow()) {
        let newer: String = positions.values().map(|position| format!(".{position}")).collect();
        let Ok(mut socket) = open(&person, &format!("{first}{newer}")).await else {
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        loop {
            let frame = tokio::select! {
                frame = socket.next() => frame,
                _ = total.changed() => if is_over(&received, *total.borrow()) { break } else { continue },
            };
            let Ok(frame) = frame else { break };
            assert_ne!(frame["event"], "gap", "nothing is out of reach");
            if let Some(position) = frame["position"].as_str() {
                let (stream, _) = position.split_once('-').unwrap();
                positions.insert(stream.to_owned(), position.to_owned());
            }
            if frame["event"] == "message.created" && frame["data"]["type"] == "text" {
                received.push(frame["data"].clone());
            }
            if is_over(&received, *total.borrow()) {
                break;
            }
        }
    }
    // What comes after the last would be too much.
    received
}

async fn open(person: &Person, cursor: &str) -> Result<Socket, ()> {
    let query = format!("?token={}&cursor={cursor}", person.token);
    Socket::try_open(&person.url, &query).await.ok_or(())
}

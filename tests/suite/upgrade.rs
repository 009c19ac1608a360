//! The present server on the tables of the first version, with data of every kind (`tests/fixtures/first`).

use std::path::Path;
use std::time::Duration;

use besedka::messenger::Clock;
use besedka::model::Time;
use besedka::store::Db;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tempfile::TempDir;

use crate::database::Database;
use crate::server::{Person, TestServer};

const TABLES: &str = include_str!("../fixtures/first/tables.sql");
const SECRET: &str = include_str!("../fixtures/first/secret.key");
const IDS: &str = include_str!("../fixtures/first/ids.json");
/// The last migration of the first version.
const LAST: i64 = 85;
/// A day after its data was made.
const DAY_AFTER: Time = Time(1_796_143_310_000);

fn ids() -> Value {
    serde_json::from_str(IDS).unwrap()
}

fn id(name: &str) -> i64 {
    ids()[name].as_i64().unwrap()
}

fn word(name: &str) -> String {
    ids()[name].as_str().unwrap().to_owned()
}

/// A folder as the first version left it.
async fn folder() -> TempDir {
    let dir = TempDir::new().unwrap();
    let options = SqliteConnectOptions::new().filename(file(dir.path())).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(TABLES)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    std::fs::write(dir.path().join("secret.key"), SECRET).unwrap();
    let folder = dir.path().join("files").join(word("text_file"));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("roses.txt"), "Rosa canina").unwrap();
    dir
}

fn file(dir: &Path) -> std::path::PathBuf {
    dir.join("besedka.db")
}

fn url(dir: &Path) -> String {
    format!("sqlite:{}", file(dir).display())
}

/// The present server in that folder.
async fn serve(dir: TempDir) -> TestServer {
    let clock = Clock::default();
    let ahead = DAY_AFTER.0 - clock.now().0;
    let by = Duration::from_millis(ahead.unsigned_abs());
    if ahead > 0 {
        clock.advance(by);
    } else {
        clock.turn_back(by);
    }
    let database = Database::at(url(dir.path()));
    TestServer::at_time(dir, database, clock).await
}

async fn signed_in(server: &TestServer, name: &str) -> Person {
    let body = json!({"username": name, "password": format!("password of {name}")});
    server.nobody().with(&server.nobody().post("/auth/login", body).await.expect(200))
}

async fn get(person: &Person, path: &str) -> Value {
    person.get(path).await.expect(200)
}

async fn message(person: &Person, name: &str) -> Value {
    get(person, &format!("/messages/{}", id(name))).await
}

/// Checks that everything is there, as its people see it.
async fn check(server: &TestServer) {
    let (anna, boris, vera) =
        (signed_in(server, "anna").await, signed_in(server, "boris").await, signed_in(server, "vera").await);
    check_people(server, &anna, &boris).await;
    check_chats(&anna, &boris, &vera).await;
    check_messages(&anna, &boris, &vera).await;
    check_what_hangs_on_messages(&anna, &boris, &vera).await;
    check_other_apis(server).await;
}

async fn check_people(server: &TestServer, anna: &Person, boris: &Person) {
    let me = get(anna, "/users/me").await;
    for (field, value) in [
        ("id", json!(id("anna"))),
        ("email", json!("anna@example.org")),
        ("display_name", json!("Анна")),
        ("about", json!("Садовница")),
        ("time_zone", json!("Asia/Bishkek")),
        ("is_admin", json!(true)),
    ] {
        assert_eq!(me[field], value, "{field}");
    }
    assert!(me["avatar_url"].is_string());
    let accounts = get(anna, "/admin/users").await;
    let names: Vec<_> =
        accounts.as_array().unwrap().iter().map(|it| it["display_name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Анна", "Boris", "Vera", "Gleb", "Канат", "mira", "Dora"]);
    let dora = json!({"username": "dora", "password": "password of dora"});
    server.nobody().post("/auth/login", dora).await.refused(403, "deactivated");
    assert_eq!(get(boris, "/users/me/blocked").await[0]["user"]["id"], id("gleb"));
    assert_eq!(get(boris, "/tokens").await[0]["name"], "Скрипт");
    let script = server.nobody().with(&json!({"access_token": word("token"), "refresh_token": ""}));
    assert_eq!(get(&script, "/users/me").await["id"], id("boris"));
}

async fn check_chats(anna: &Person, boris: &Person, vera: &Person) {
    let chats = get(anna, "/chats").await;
    let titles: Vec<_> = chats.as_array().unwrap().iter().map(|it| it["title"].as_str().unwrap()).collect();
    for title in ["Сад", "Новости", "Boris", "Поход", "Математика", "Dora", "mira"] {
        assert!(titles.contains(&title), "{title}: {titles:?}");
    }
    let (group, channel) = (id("group"), id("channel"));
    let garden = get(anna, &format!("/chats/{group}")).await;
    assert_eq!((&garden["description"], &garden["role"]), (&json!("Всё о саде"), &json!("owner")));
    assert_eq!((&garden["code"], &garden["member_count"]), (&json!(word("code")), &json!(3)));
    let of_vera = get(vera, &format!("/chats/{group}")).await;
    assert_eq!((&of_vera["pinned"], &of_vera["notify"]), (&json!(true), &json!("mentions")));
    let news = get(boris, &format!("/chats/{channel}")).await;
    assert_eq!((&news["kind"], &news["read_only"]), (&json!("channel"), &json!(true)));
    assert_eq!(boris.texts(channel).await, ["Мы открылись"]);
    assert_eq!(anna.texts(id("saved")).await, ["Себе на память"]);
    let direct = get(boris, &format!("/chats/{}", id("direct"))).await;
    assert_eq!((&direct["message_life"], &direct["peer"]["id"]), (&json!(31_536_000), &json!(id("anna"))));
    let roles = get(anna, &format!("/chats/{group}/members")).await;
    let role = |of: i64| {
        let members = roles.as_array().unwrap();
        members.iter().find(|member| member["user"]["id"] == of).unwrap()["role"].clone()
    };
    assert_eq!([role(id("anna")), role(id("boris")), role(id("vera"))], ["owner", "admin", "member"]);
    let ban = &get(anna, &format!("/chats/{group}/bans")).await[0];
    assert_eq!((&ban["user"]["id"], &ban["reason"]), (&json!(id("gleb")), &json!("Спам")));
    let invite = &get(anna, &format!("/chats/{group}/invites")).await[0];
    assert_eq!((&invite["token"], &invite["max_uses"]), (&json!(word("invite")), &json!(5)));
    assert_eq!(get(vera, &format!("/invites/{}", word("invite"))).await["chat"]["title"], "Сад");
}

async fn check_messages(anna: &Person, boris: &Person, vera: &Person) {
    let group = id("group");
    let texts = ["Скрыто для Веры", "Опечатка", "Или осенью", "Весной, @anna", "Когда сажать розы?"];
    assert_eq!(anna.texts(group).await, texts);
    assert_eq!(vera.texts(group).await, &texts[1..]);
    assert_eq!(message(anna, "gone").await["deleted"], true);
    let reply = message(anna, "reply").await;
    assert_eq!(reply["reply_to"]["id"], id("root"));
    assert_eq!(reply["mentions"], json!([id("anna")]));
    assert_eq!(message(anna, "threaded").await["thread_id"], id("root"));
    let edits = get(anna, &format!("/messages/{}/edits", id("edited"))).await;
    assert_eq!(edits[0]["content"], "Очепятка");
    let file = message(boris, "file_message").await;
    assert_eq!((&file["content"], &file["attachments"][0]["size"]), (&json!("Список"), &json!(11)));
    let file = format!("/attachments/{}", word("text_file"));
    let file = boris.request(Method::GET, &file).send().await.unwrap();
    assert_eq!(file.text().await.unwrap(), "Rosa canina");
    let image = message(boris, "image").await;
    assert_eq!((&image["type"], &image["attachments"][0]["width"]), (&json!("image"), &json!(4)));
    assert_eq!(message(anna, "location").await["payload"]["latitude"], 42.87);
    let expiring = message(anna, "expiring").await;
    assert!(expiring["expires_at"].as_str().unwrap().starts_with("2027-11-30"), "{expiring}");
    let links = get(anna, &format!("/chats/{}/media?type=link", id("direct"))).await;
    assert_eq!(links[0]["id"], id("link"));
    let direct = get(anna, &format!("/messages?chat_id={}&limit=50", id("direct"))).await;
    let forwarded = direct.as_array().unwrap().iter().find(|it| !it["forwarded_from"].is_null()).unwrap();
    assert_eq!(forwarded["forwarded_from"]["message_id"], id("root"));
}

async fn check_what_hangs_on_messages(anna: &Person, boris: &Person, vera: &Person) {
    let root = message(anna, "root").await;
    let reactions: Vec<_> = root["reactions"].as_array().unwrap().iter().collect();
    assert_eq!((&reactions[0]["emoji"], &reactions[0]["count"]), (&json!("👍"), &json!(2)));
    assert_eq!(reactions[1]["user_ids"], json!([id("vera")]));
    assert!(root["pinned_at"].is_string() && root["thread"]["count"] == 1, "{root}");
    let poll = message(boris, "poll").await["poll"].clone();
    assert_eq!(poll["options"][1]["user_ids"], json!([id("boris"), id("vera")]));
    let closed = message(anna, "closed").await["poll"].clone();
    assert!(closed["closed_at"].is_string() && closed["voters"] == 1, "{closed}");
    let bookmark = &get(vera, "/bookmarks").await[0];
    assert_eq!((&bookmark["note"], &bookmark["message"]["id"]), (&json!("Про розы"), &json!(id("reply"))));
    assert_eq!(get(anna, "/drafts").await[0]["content"], "Черновик о розах");
    let scheduled = get(anna, "/scheduled").await;
    assert_eq!(scheduled[0]["content"], "Через год");
    assert_eq!(scheduled[1]["attachments"][0]["filename"], "later.txt");
    let receipts = get(anna, &format!("/messages/{}/receipts", id("root"))).await;
    assert_eq!(receipts["read_by"][0]["id"], id("boris"));
    assert_eq!(receipts["delivered_to"][0]["id"], id("vera"));
}

async fn check_other_apis(server: &TestServer) {
    let client = crate::server::client();
    let post = |path: &str, body: Value| client.post(format!("{}{path}", server.url)).json(&body).send();
    let json = |answer: reqwest::Response| async { answer.json::<Value>().await.unwrap() };
    let read =
        |path: String, token: String| client.get(format!("{}{path}", server.url)).bearer_auth(token).send();
    let token = |answer: &Value, name: &str| answer[name].as_str().unwrap().to_owned();

    let credentials = json!({"email": "kanat@example.org", "password": "password of kanat"});
    let kanat = json(post("/kyte/auth/login", credentials).await.unwrap()).await;
    let path = format!("/kyte/chats/{}/messages", word("kyte_group"));
    let said = json(read(path, token(&kanat, "accessToken")).await.unwrap()).await;
    let said = said["messages"].as_array().unwrap();
    assert!(said.iter().any(|it| it["content"] == "Берите палатки"), "{said:?}");

    let credentials = json!({"username": "mira", "password": "password of mira"});
    let mira = json(post("/mimu/auth/login", credentials).await.unwrap()).await;
    for (chat, text) in [("chat-1711453500000", "Заметка"), ("friend-chat", "Привет, Анна")]
    {
        let path = format!("/mimu/api/v1/messages?chatId={chat}&limit=20");
        let said = json(read(path, token(&mira, "accessToken")).await.unwrap()).await;
        assert_eq!(said["messages"][0]["text"], text, "{said}");
    }

    let credentials = json!({"email": "vera@example.org", "password": "password of vera"});
    let vera = json(post("/educations/api/v1/users/auth/", credentials).await.unwrap()).await;
    let path = format!("/api/unet-chat/messages/{}?limit=50&offset=0", word("conversation"));
    let said = json(read(path, token(&vera, "access")).await.unwrap()).await;
    assert_eq!(said[0]["text"], "Задачи на завтра", "{said}");
    assert_eq!(said[0]["id"], ids()["unet_message"]);
}

#[tokio::test]
async fn everything_of_the_first_tables_is_there() {
    let server = serve(folder().await).await;
    check(&server).await;
    let anna = signed_in(&server, "anna").await;
    // It goes on: with numbers after those that are there.
    let said = anna.post_text(id("group"), "Дальше").await;
    assert!(said["id"].as_i64().unwrap() > id("location"));
    server.running.messenger.clean_up().await.unwrap();
    let server = server.restart().await;
    let anna = signed_in(&server, "anna").await;
    assert_eq!(anna.texts(id("group")).await[0], "Дальше");
    assert_eq!(get(&anna, "/scheduled").await[1]["attachments"][0]["filename"], "later.txt");
}

#[tokio::test]
async fn everything_is_there_after_the_way_back_to_the_first_tables_and_forth_again() {
    let dir = folder().await;
    let url = url(dir.path());
    let now = Clock::default().now();
    let before = contents(dir.path()).await;
    Db::open(&url, 2).await.unwrap().close().await;
    Db::revert(&url, LAST, now).await.unwrap();
    assert_eq!(Db::migration_status(&url).await.unwrap().last(), Some(LAST));
    assert_eq!(contents(dir.path()).await, before, "the first version finds what it left");
    check(&serve(dir).await).await;
}

/// How many rows there are of what people made.
async fn contents(dir: &Path) -> Vec<(&'static str, i64)> {
    let mut connection = SqliteConnectOptions::new().filename(file(dir)).connect().await.unwrap();
    let mut found = Vec::new();
    for table in [
        "user",
        "session",
        "chat",
        "member",
        "message",
        "event",
        "reaction",
        "hidden_message",
        "attachment",
        "posted",
        "mention",
        "message_edit",
        "message_link",
        "invite",
        "ban",
        "block",
        "storage",
        "poll_vote",
        "closed_poll",
        "bookmark",
        "draft",
        "scheduled_message",
        "scheduled_file",
        "chat_name",
        "chat_topic",
        "google_token",
        "idempotency_key",
    ] {
        let count = format!("SELECT count(*) FROM {table}");
        let rows: i64 = sqlx::query_scalar(AssertSqlSafe(count)).fetch_one(&mut connection).await.unwrap();
        found.push((table, rows));
    }
    connection.close().await.unwrap();
    found
}

//! Garage (`make test-garage`), for a second opinion on what a bucket takes: it was written by others than the server that
//! stands in for a bucket in the other tests.

use std::process::{Child, Command, Stdio};

use reqwest::Method;
use reqwest::redirect::Policy;
use serde_json::json;
use tempfile::TempDir;

use crate::bucket::{KEY_ID, NAME, SECRET};
use crate::cluster::free_port;
use crate::server::{Storage, TestServer, client};
use crate::v1::bucket::{PNG, a_late_form_is_refused, wrong_forms_are_refused};
use crate::v1::media::jpeg_with_a_place;

const OFF: &[&str] = &["--rate-limits", "off"];

/// A server with one bucket. It ends when it is dropped.
struct Garage {
    process: Child,
    url: String,
    _folder: TempDir,
}

impl Garage {
    async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let (path, api, rpc) = (folder.path().display(), free_port(), free_port());
        let config = format!(
            "metadata_dir = '{path}/meta'\ndata_dir = '{path}/data'\ndb_engine = 'sqlite'\nreplication_factor = 1\n\
             rpc_bind_addr = '127.0.0.1:{rpc}'\nrpc_secret = '{SECRET}'\n\
             [s3_api]\ns3_region = 'garage'\napi_bind_addr = '127.0.0.1:{api}'\n"
        );
        let file = folder.path().join("garage.toml");
        std::fs::write(&file, config).unwrap();
        let process = Command::new(program())
            .arg("-c")
            .arg(&file)
            .args(["server", "--single-node", "--default-bucket"])
            .env("GARAGE_DEFAULT_ACCESS_KEY", KEY_ID)
            .env("GARAGE_DEFAULT_SECRET_KEY", SECRET)
            .env("GARAGE_DEFAULT_BUCKET", NAME)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let garage = Self { process, url: format!("http://127.0.0.1:{api}"), _folder: folder };
        for _ in 0..300 {
            // Nobody without a signature gets further than this.
            let asked = client().get(format!("{}/{NAME}", garage.url)).send().await;
            if asked.is_ok_and(|answer| answer.status() == 403) {
                return garage;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("Garage does not answer");
    }

    fn storage_url(&self, more: &str) -> String {
        format!("s3://{NAME}?endpoint={}&region=garage{more}", self.url)
    }
}

impl Drop for Garage {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "it is told to the tests and is no setting")]
fn program() -> String {
    std::env::var("BESEDKA_TEST_GARAGE").unwrap_or_else(|_| "garage".to_owned())
}

#[tokio::test]
#[ignore = "it needs Garage: make test-garage"]
async fn it_takes_the_forms_that_the_server_made_and_no_others() {
    let garage = Garage::start().await;
    let server = TestServer::over(Storage::Bucket, &garage.storage_url(""), OFF).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let form = wrong_forms_are_refused(&server, &ann).await;
    assert_eq!(ann.fill_in(&form, PNG.to_vec()).await.status, 204);

    let chat = ann.direct(&bob).await;
    let photo = ann.upload("photo.jpg", "image/jpeg", jpeg_with_a_place(800, 400)).await;
    let body = json!({"chat_id": chat, "type": "image", "payload": {"attachment_id": photo}});
    ann.post("/messages", body).await.expect(201);
    for (path, size) in [("", (800, 400)), ("/thumbnail", (256, 512))] {
        let read = bob.request(Method::GET, &format!("/attachments/{photo}{path}")).send().await.unwrap();
        let picture = image::load_from_memory(&read.bytes().await.unwrap()).unwrap();
        assert_eq!((picture.width(), picture.height()), size);
    }
    let plain = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let page = ann.upload("страница.html", "text/html", b"<!DOCTYPE html><script>".to_vec()).await;
    let asked = plain.get(format!("{}/api/v1/attachments/{page}", server.url)).bearer_auth(&ann.token);
    let link = asked.send().await.unwrap().headers()["location"].to_str().unwrap().to_owned();
    let tampered = link.replace("application%2Foctet-stream", "text%2Fhtml");
    let page = plain.get(&link).send().await.unwrap();
    assert_eq!(
        (page.status().as_u16(), &page.headers()["content-type"]),
        (200, &"application/octet-stream".parse().unwrap())
    );
    assert!(page.headers()["content-disposition"].to_str().unwrap().starts_with("attachment; "));
    assert_eq!(plain.get(&tampered).send().await.unwrap().status(), 403);
    a_late_form_is_refused(&server, "late").await;
}

#[tokio::test]
#[ignore = "it needs Garage: make test-garage"]
async fn large_files_and_parts_of_them_pass_the_server() {
    let garage = Garage::start().await;
    let large: Vec<u8> = (0..8_500_000_u32).flat_map(u32::to_le_bytes).collect();
    for (storage, more) in [(Storage::Behind, "&direct=off"), (Storage::Bucket, "")] {
        let server = TestServer::over(storage, &garage.storage_url(more), OFF).await;
        let ann = server.person("ann").await;
        let sent = ann.upload("a.bin", "application/octet-stream", large.clone()).await;
        let path = format!("/attachments/{sent}");
        let read = ann.request(Method::GET, &path).send().await.unwrap();
        assert!(read.bytes().await.unwrap() == large, "{storage:?}");
        let part =
            ann.request(Method::GET, &path).header("Range", "bytes=20000000-20000999").send().await.unwrap();
        assert_eq!(part.status(), 206);
        assert!(part.bytes().await.unwrap() == large[20_000_000..20_001_000], "{storage:?}");
    }
}

#[tokio::test]
#[ignore = "it needs Garage: make test-garage"]
async fn what_is_set_up_wrong_is_told_in_a_sentence() {
    let garage = Garage::start().await;
    let right = garage.storage_url("");
    let other = SECRET.replace('0', "1");
    for (url, key, secret, sentence) in [
        (right.replace("s3://files", "s3://nowhere"), KEY_ID, SECRET, "nowhere"),
        (right.clone(), KEY_ID, &*other, "AWS_SECRET_ACCESS_KEY"),
        (right.clone(), "GK0000000000000000000000ff", SECRET, "AWS_ACCESS_KEY_ID"),
        (right.replace("region=garage", "region=elsewhere"), KEY_ID, SECRET, "region"),
    ] {
        let refused = TestServer::refused(&url, key, secret).await;
        assert!(refused.contains(sentence) && !refused.contains('\n'), "{refused}");
    }
}

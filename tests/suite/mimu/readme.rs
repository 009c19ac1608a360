//! The calls in the dialect's README do what they say.

use std::path::Path;
use std::process::Command;

use crate::server::TestServer;

#[tokio::test]
async fn the_calls_of_the_readme_succeed() {
    let server = TestServer::start().await;
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api/mimu/README.md");
    let text = std::fs::read_to_string(readme).unwrap();
    let (_, block) = text.split_once("```sh\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let dir = server.dir.path().to_str().unwrap();
    let block = block.replace("/tmp/", &format!("{dir}/"));
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", &block]).env("mimu", format!("{}/mimu", server.url));
    let done = tokio::task::spawn_blocking(move || shell.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{said}\n{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(said.matches("\"success\":true").count(), 9, "{said}");
    assert_eq!(
        std::fs::read(server.dir.path().join("mimu.copy.png")).unwrap(),
        std::fs::read(server.dir.path().join("mimu.png")).unwrap()
    );
}

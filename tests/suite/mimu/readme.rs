//! The calls in the dialect's README do what they say.

use crate::dialects::run_readme;
use crate::server::TestServer;

#[tokio::test]
async fn the_calls_of_the_readme_succeed() {
    let server = TestServer::start().await;
    let sent = run_readme(&server, "mimu").await;
    assert_eq!(sent.matches("\"success\":true").count(), 9, "{sent}");
    let file = |name: &str| std::fs::read(server.dir.path().join(name)).unwrap();
    assert_eq!(file("mimu.copy.png"), file("mimu.png"));
}

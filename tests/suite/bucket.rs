//! A bucket for a test: S3 in this process, over a folder, that checks signatures and policies.

use std::path::Path;
use std::sync::Arc;

use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

// They look as Garage wants them.
pub const KEY_ID: &str = "GK0123456789abcdef01234567";
pub const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
pub const NAME: &str = "files";
/// Whose pages it lets in.
pub const PAGES: &str = "https://chat.example.org";

/// It is down when it is dropped.
pub struct Bucket {
    /// Of the service; the bucket's own has its name behind it.
    pub url: String,
    stop: CancellationToken,
}

impl Bucket {
    /// The objects are the files below `files` in a folder.
    pub async fn over(folder: &Path) -> Self {
        Self::at(folder, "127.0.0.1:0").await
    }

    /// At an address, to come back to where it was.
    pub async fn at(folder: &Path, address: &str) -> Self {
        std::fs::create_dir_all(folder.join(NAME)).unwrap();
        let mut builder = S3ServiceBuilder::new(FileSystem::new(folder).unwrap());
        builder.set_auth(SimpleAuth::from_single(KEY_ID, SECRET));
        // The server's clock is moved, and the bucket's is not; how late a form is, its policy says.
        let mut config = S3Config::default();
        config.presigned_url_max_skew_time_secs = 400 * 24 * 3_600;
        builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
        let service = builder.build();
        let listener = TcpListener::bind(address).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        tokio::spawn(stopped.clone().run_until_cancelled_owned(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = service.clone();
                let answer = service_fn(move |request: Request<hyper::body::Incoming>| {
                    let service = service.clone();
                    async move {
                        match request.method() == Method::OPTIONS {
                            true => Ok(let_in(&request)),
                            false => service.call(request.map(s3s::Body::from)).await,
                        }
                    }
                });
                tokio::spawn(stopped.clone().run_until_cancelled_owned(async move {
                    let mut http = Builder::new(TokioExecutor::new());
                    // s3s takes nothing larger at once behind what looks like the beginning of a form's end.
                    http.http1().max_buf_size(16 * 1024);
                    let _ = http.serve_connection(TokioIo::new(stream), answer).await;
                }));
            }
        }));
        Self { url, stop }
    }

    /// What a server is told of it; `more` begins with `&`.
    pub fn storage_url(&self, more: &str) -> String {
        format!("s3://{NAME}?endpoint={}&region=garage{more}", self.url)
    }
}

/// What a bucket with CORS rules says to a browser that asks first.
fn let_in<B>(request: &Request<B>) -> Response<s3s::Body> {
    let is_let_in = request.headers().get("Origin").is_some_and(|origin| origin == PAGES);
    let answer = Response::builder().status(if is_let_in { 200 } else { 403 });
    let answer = if is_let_in { answer.header("Access-Control-Allow-Origin", PAGES) } else { answer };
    answer.body(s3s::Body::empty()).unwrap()
}

impl Drop for Bucket {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

//! Uploading a file by the form that the server gives.

use std::net::SocketAddr;

use serde_json::json;

use crate::Result;
use crate::crowd::Person;
use crate::http::Connection;

/// Uploads a file; its attachment's id.
pub(crate) async fn upload(
    address: SocketAddr,
    person: &Person,
    (name, content_type): (&str, &str),
    bytes: Vec<u8>,
) -> Result<String> {
    let mut connection = Connection::open(address).await?;
    let body = json!({"filename": name, "content_type": content_type, "size": bytes.len()});
    let form = connection.call(("POST", "/api/v1/attachments"), Some(&person.token), &body, 200).await?;
    let fields = form["fields"].as_object().ok_or("an upload form without fields")?;
    let mut filled = reqwest::multipart::Form::new();
    for (name, value) in fields {
        filled = filled.text(name.clone(), value.as_str().unwrap_or_default().to_owned());
    }
    let filled = filled.part("file", reqwest::multipart::Part::bytes(bytes).file_name(name.to_owned()));
    let url = form["url"].as_str().ok_or("an upload form without url")?;
    // The requests of the generator say a host without a port.
    let path = url.strip_prefix("http://localhost").unwrap_or(url);
    let url = format!("http://{address}{path}");
    let answer = reqwest::Client::new().post(url).multipart(filled).send().await?;
    if !answer.status().is_success() {
        return Err(format!("an upload was answered {}", answer.status()).into());
    }
    Ok(form["attachment_id"].as_str().ok_or("an upload without id")?.to_owned())
}

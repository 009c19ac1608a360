//! Links that the system hands over: `besedka://chat/5`, `besedka://chat/5/17` (a message) and
//! `besedka://join/TOKEN`. `?server=https://chat.example.com` says which of several servers is meant.

use url::Url;

#[derive(Debug, PartialEq, Eq)]
pub struct Link {
    /// The page of the messenger.
    pub path: String,
    pub server: Option<Url>,
}

pub fn parse(text: &str) -> Option<Link> {
    let url = Url::parse(text).ok()?;
    if url.scheme() != "besedka" {
        return None;
    }
    let parts: Vec<_> = url.path().trim_matches('/').split('/').filter(|part| !part.is_empty()).collect();
    let is_number = |part: &&str| part.len() <= 16 && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_token = |part: &&str| {
        part.len() <= 128
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let path = match (url.host_str()?, parts.as_slice()) {
        ("chat" | "chats", [chat]) if is_number(chat) => format!("/chats/{chat}"),
        ("chat" | "chats", [chat, message]) if is_number(chat) && is_number(message) => {
            format!("/chats/{chat}/{message}")
        }
        ("join", [token]) if is_token(token) => format!("/join/{token}"),
        _ => return None,
    };
    let server = url.query_pairs().find(|(name, _)| name == "server").map(|(_, value)| value.into_owned());
    let server = match server {
        Some(text) => Some(Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?),
        None => None,
    };
    Some(Link { path, server })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_chats_messages_and_invitations() {
        let path = |text: &str| parse(text).map(|link| link.path);
        assert_eq!(path("besedka://chat/5").unwrap(), "/chats/5");
        assert_eq!(path("besedka://chats/5/17/").unwrap(), "/chats/5/17");
        assert_eq!(path("besedka://join/aZ-_9").unwrap(), "/join/aZ-_9");
        let link = parse("besedka://chat/5?server=https%3A%2F%2Fb.example%2Fchat").unwrap();
        assert_eq!(link.server.unwrap().as_str(), "https://b.example/chat");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "besedka://chat/",
            "besedka://chat/abc",
            "besedka://chat/5/../../x",
            "besedka://chat/99999999999999999999",
            "besedka://join/a%2Fb",
            "besedka://join/<script>",
            "besedka://settings/1",
            "besedka:chat",
            "https://chat/5",
            "besedka://chat/5?server=javascript:alert(1)",
            "besedka://chat/5?server=file:///etc/passwd",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}

//! Lines for the configuration of proxies before the server, and of the system below it.

/// Lines to add somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// The program whose configuration it is.
    pub program: &'static str,
    pub lines: String,
}

fn advice(program: &'static str, lines: impl Into<String>) -> Advice {
    Advice { program, lines: lines.into() }
}

fn mebibytes(bytes: u64) -> u64 {
    // Forms add a little to a file.
    bytes.div_ceil(1024 * 1024) + 1
}

/// A whole site.
pub(crate) fn whole(listen: &str, limit: u64) -> Vec<Advice> {
    let size = mebibytes(limit);
    vec![
        advice("Caddy", format!("chat.example.org {{\n    reverse_proxy {listen}\n}}")),
        advice(
            "nginx",
            format!(
                "server {{\n    listen 443 ssl;\n    server_name chat.example.org;\n    client_max_body_size {size}m;\n    \
                 location / {{\n        proxy_pass http://{listen};\n        proxy_http_version 1.1;\n        \
                 proxy_set_header Upgrade $http_upgrade;\n        proxy_set_header Connection \"upgrade\";\n        \
                 proxy_set_header Host $host;\n        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n        \
                 proxy_set_header X-Forwarded-Proto $scheme;\n        proxy_read_timeout 120s;\n    }}\n}}"
            ),
        ),
        advice(
            "Traefik",
            format!(
                "http:\n  routers:\n    besedka:\n      rule: Host(`chat.example.org`)\n      service: besedka\n      \
                 tls: {{}}\n  services:\n    besedka:\n      loadBalancer:\n        servers:\n          - url: http://{listen}"
            ),
        ),
        advice(
            "HAProxy",
            format!(
                "frontend besedka\n    mode http\n    bind :443 ssl crt /etc/haproxy/chat.example.org.pem\n    \
                 option forwardfor\n    http-request set-header X-Forwarded-Proto https\n    timeout client 120s\n    \
                 default_backend besedka\nbackend besedka\n    mode http\n    timeout server 120s\n    timeout tunnel 1h\n    \
                 server besedka {listen}"
            ),
        ),
        advice(
            "Apache",
            format!(
                "<VirtualHost *:443>\n    ServerName chat.example.org\n    SSLEngine on\n    ProxyPreserveHost On\n    \
                 RequestHeader set X-Forwarded-Proto https\n    LimitRequestBody {}\n    \
                 ProxyPass / http://{listen}/ upgrade=websocket timeout=120\n</VirtualHost>",
                size * 1024 * 1024
            ),
        ),
    ]
}

/// WebSockets.
pub(crate) fn upgrades(listen: &str) -> Vec<Advice> {
    vec![
        advice("Caddy", format!("reverse_proxy {listen}")),
        advice(
            "nginx",
            "proxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection \"upgrade\";\n\
             proxy_read_timeout 120s;",
        ),
        advice("Traefik", "# WebSockets need no setting; a middleware must not remove the header Upgrade."),
        advice("HAProxy", "mode http\ntimeout tunnel 1h"),
        advice("Apache", format!("ProxyPass / http://{listen}/ upgrade=websocket timeout=120")),
    ]
}

/// The headers that tell who asks.
pub(crate) fn forwarded_headers() -> Vec<Advice> {
    vec![
        advice("Besedka", "BESEDKA_TRUSTED_PROXIES=loopback"),
        advice("Caddy", "# Caddy sets X-Forwarded-For and X-Forwarded-Proto by itself."),
        advice(
            "nginx",
            "proxy_set_header Host $host;\nproxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n\
             proxy_set_header X-Forwarded-Proto $scheme;",
        ),
        advice("Traefik", "# Traefik sets X-Forwarded-For and X-Forwarded-Proto by itself."),
        advice("HAProxy", "option forwardfor\nhttp-request set-header X-Forwarded-Proto https if { ssl_fc }"),
        advice("Apache", "ProxyPreserveHost On\nRequestHeader set X-Forwarded-Proto https"),
    ]
}

/// The largest body of a request.
pub(crate) fn upload_limit(limit: u64) -> Vec<Advice> {
    let size = mebibytes(limit);
    let bytes = size * 1024 * 1024;
    vec![
        advice("Caddy", format!("request_body {{\n    max_size {size}MiB\n}}")),
        advice("nginx", format!("client_max_body_size {size}m;")),
        advice(
            "Traefik",
            format!(
                "http:\n  middlewares:\n    uploads:\n      buffering:\n        maxRequestBodyBytes: {bytes}"
            ),
        ),
        advice(
            "HAProxy",
            format!(
                "# HAProxy has no limit of its own; remove rules such as: http-request deny if {{ req.body_size gt {bytes} }}"
            ),
        ),
        advice("Apache", format!("LimitRequestBody {bytes}")),
    ]
}

/// The limit of open files.
pub(crate) fn file_descriptors() -> Vec<Advice> {
    vec![
        advice("systemd", "[Service]\nLimitNOFILE=65536"),
        advice("Docker Compose", "ulimits:\n  nofile: 65536"),
        advice("shell", "ulimit -n 65536"),
    ]
}

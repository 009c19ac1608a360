//! `besedka doctor`: what it finds on a sound server, on a young one, and behind a proxy that is set up wrongly.

mod database;

use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};

use crate::process::Process;
use crate::server::TestServer;
use crate::skip::leave;
use crate::small_disk::SmallDisk;

/// What it finds, and its exit code.
async fn examine(arguments: &[&str]) -> (Value, Option<i32>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_besedka"));
    command.args(["doctor", "--json"]).args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let printed = serde_json::from_slice(&output.stdout);
    let printed = printed.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (printed, output.status.code())
}

/// The severity that a check has, and what it says.
fn of<'a>(found: &'a Value, check: &str) -> (&'a str, &'a Value) {
    let findings = found["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["check"] == check);
    let finding = finding.unwrap_or_else(|| panic!("{check} is not in {found:#}"));
    (finding["severity"].as_str().unwrap(), finding)
}

/// The programs for which a finding has lines.
fn programs(finding: &Value) -> Vec<&str> {
    let advice = finding["advice"].as_array().unwrap();
    assert!(advice.iter().all(|advice| advice["lines"].as_str().is_some_and(|lines| !lines.is_empty())));
    advice.iter().map(|advice| advice["program"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_a_public_address_is_told_what_it_lacks() {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().to_str().unwrap().to_owned();
    let (found, code) = examine(&["--data-dir", &format!("{folder}/none")]).await;
    assert_eq!((of(&found, "database").0, code), ("error", Some(2)), "{found}");
    assert!(!dir.path().join("none").exists(), "nothing is created");

    let process = Process::start(dir.path(), &[]).await;
    process.person("ann").await;
    let (found, code) = examine(&["--data-dir", &folder]).await;
    for sound in ["migrations", "database", "database-settings", "storage", "clock", "registration"] {
        assert_eq!(of(&found, sound).0, "ok", "{found:#}");
    }
    let settings = of(&found, "database-settings").1["summary"].as_str().unwrap();
    assert!(settings.starts_with("journal wal, pages of 4096 bytes"), "{settings}");
    assert_eq!(code, Some(1), "{found:#}");
    let (severity, finding) = of(&found, "public-address");
    assert_eq!(severity, "warning");
    assert_eq!(programs(finding), ["Caddy", "nginx", "Traefik", "HAProxy", "Apache"]);
    assert!(finding["advice"][1]["lines"].as_str().unwrap().contains("proxy_pass http://127.0.0.1:8000;"));
    assert_eq!(of(&found, "backup").0, "warning", "there is none");
    let backups = TempDir::new().unwrap();
    let scheduled = ["--backup-every", "24h", "--backup-to", backups.path().to_str().unwrap()];
    let (found, _) = examine(&[&["--data-dir", &*folder][..], &scheduled].concat()).await;
    let (severity, finding) = of(&found, "backup");
    let summary = finding["summary"].as_str().unwrap();
    assert_eq!(severity, "warning", "there is none yet");
    assert!(summary.contains("they are scheduled") && !summary.contains("--backup-every"), "{summary}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_besedka"));
    command.args(["backup", backups.path().to_str().unwrap(), "--verify", "--data-dir", &folder]);
    assert!(command.status().unwrap().success());
    let (found, _) = examine(&["--data-dir", &folder, "--trusted-proxies", "loopback"]).await;
    assert_eq!(of(&found, "registration").0, "warning", "others come through a proxy");
    let (found, _) = examine(&["--data-dir", &folder, "--listen", "0.0.0.0:80"]).await;
    assert_eq!(of(&found, "backup").0, "ok", "{found:#}");
    assert_eq!(of(&found, "public-address").0, "error", "people come without HTTPS");
    assert_eq!(of(&found, "registration").0, "warning", "and everybody may register");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_that_do_not_answer_and_a_damaged_database_are_errors() {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().to_str().unwrap().to_owned();
    let mut process = Process::start(dir.path(), &[]).await;
    let ann = process.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    for number in 0..50 {
        ann.post_text(chat, &format!("{number} {}", "x".repeat(2_000))).await;
    }
    assert_eq!(process.stop().await, Some(0));
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (smtp, model, bus) =
        (format!("smtp://{closed}"), format!("http://{closed}/v1"), format!("nats://{closed}"));
    let (mail, public) = (["--smtp-url", &smtp, "--mail-from", "b@example.org"], format!("http://{closed}"));
    let mut arguments = vec!["--data-dir", &folder, "--ai-url", &model, "--ai-model", "x", "--bus-url", &bus];
    arguments.extend(mail);
    arguments.extend(["--public-url", &public]);
    let (found, code) = examine(&arguments).await;
    for broken in ["mail", "model", "bus", "public-address"] {
        assert_eq!(of(&found, broken).0, "error", "{found:#}");
    }
    assert_eq!((of(&found, "database").0, code), ("ok", Some(2)));
    let (found, _) = examine(&["--data-dir", &folder]).await;
    assert_eq!(of(&found, "search-index").0, "ok", "{found:#}");
    std::fs::write(dir.path().join("besedka-search.db"), vec![7; 100_000]).unwrap();
    let (found, _) = examine(&["--data-dir", &folder]).await;
    assert_eq!(of(&found, "search-index").0, "warning", "{found:#}");
    // A page in the middle of the file is overwritten.
    let file = dir.path().join("besedka.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 8192 * 4096;
    bytes[middle..middle + 4096].fill(0xff);
    std::fs::write(&file, bytes).unwrap();
    let (found, code) = examine(&["--data-dir", &folder]).await;
    assert_eq!((of(&found, "database").0, code), ("error", Some(2)), "{found:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_where_backups_cannot_be_stored_is_named_before_they_are_needed() {
    let dir = TempDir::new().unwrap();
    let [data, occupied, new] = ["data", "occupied", "new/backups"].map(|name| dir.path().join(name));
    std::fs::write(&occupied, "no folder").unwrap();
    let [folder, occupied] = [&data, &occupied].map(|path| path.to_str().unwrap());
    let scheduled = ["--backup-every", "24h", "--backup-to", occupied];
    let mut process = Process::start(&data, &scheduled).await;
    process.person("ann").await;
    let (found, code) = examine(&[&["--data-dir", folder][..], &scheduled].concat()).await;
    let (severity, finding) = of(&found, "backup-to");
    assert_eq!((severity, code), ("error", Some(2)), "{found:#}");
    let summary = finding["summary"].as_str().unwrap();
    assert!(summary.contains("--backup-to") && summary.contains(occupied), "{summary}");
    let other = ["--data-dir", folder, "--backup-every", "24h", "--backup-to", new.to_str().unwrap()];
    let (found, _) = examine(&other).await;
    assert_eq!(of(&found, "backup-to").0, "ok", "{found:#}");
    assert!(!dir.path().join("new").exists(), "nothing is created");
    assert_eq!(process.stop().await, Some(0));
    let log = process.log();
    let mut warnings = log.lines().filter(|line| line.contains("\"WARN\""));
    assert!(warnings.any(|line| line.contains("--backup-to") && line.contains(occupied)), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_disks_of_files_and_of_backups_are_found_beside_that_of_the_database() {
    let (Some(files), Some(backups)) = (SmallDisk::mount(16), SmallDisk::mount(16)) else { return };
    let dir = TempDir::new().unwrap();
    let url = format!("file:{}", files.path().join("files").display());
    let (data, to) = (dir.path().to_str().unwrap(), backups.path().join("new"));
    let _process = Process::start(dir.path(), &["--storage-url", &url]).await;
    let place = ["--data-dir", data, "--storage-url", &url];
    let scheduled = [&place[..], &["--backup-every", "24h", "--backup-to", to.to_str().unwrap()]].concat();
    let (found, _) = examine(&scheduled).await;
    assert_eq!((of(&found, "storage-disk").0, of(&found, "backup-disk").0), ("ok", "ok"), "{found:#}");
    backups.fill_but(&backups.path().join("much"), 1024 * 1024);
    let (found, code) = examine(&scheduled).await;
    let severities = (of(&found, "storage-disk").0, of(&found, "backup-disk").0, code);
    assert_eq!(severities, ("ok", "error", Some(2)), "{found:#}");
    files.fill_but(&files.path().join("much"), 1024 * 1024);
    let (found, _) = examine(&place).await;
    assert_eq!(of(&found, "storage-disk").0, "error", "{found:#}");
    let checks = found["findings"].as_array().unwrap();
    assert!(checks.iter().all(|finding| finding["check"] != "backup-disk"), "none are scheduled: {found:#}");
}

/// Shells and systemd begin with a soft limit of 1,024, which the server raises.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_takes_all_open_files_that_it_may_have_and_doctor_knows() {
    let dir = TempDir::new().unwrap();
    let process = Process::start(dir.path(), &[]).await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", process.child.id())).unwrap();
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let files: Vec<&str> = files.split_whitespace().collect();
    assert_eq!(files[0], files[1], "the soft limit is the hard one");
    let doctor = |limit: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit {limit} && exec \"$0\" doctor --json --data-dir \"$1\"")]);
        command.args([env!("CARGO_BIN_EXE_besedka"), dir.path().to_str().unwrap()]);
        let output = command.output().unwrap();
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let found = doctor("-n 1024");
    assert_eq!(of(&found, "file-descriptors").0, "warning", "{found:#}");
    if files[1].parse().is_ok_and(|hard: u64| hard < 8_192) {
        return;
    }
    let found = doctor("-S -n 1024");
    assert_eq!(of(&found, "file-descriptors").0, "ok", "{found:#}");
}

/// A proxy that passes no upgrades on and takes bodies of a mebibyte.
fn bad_proxy(listener: TcpListener, server: String) {
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let server = server.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await?);
                }
                let head = String::from_utf8(head).unwrap();
                let length = head
                    .lines()
                    .find_map(|line| line.to_lowercase().strip_prefix("content-length:").map(str::to_owned));
                if length.is_some_and(|length| length.trim().parse::<u64>().unwrap() > 1024 * 1024) {
                    let refusal = "HTTP/1.1 413 Content Too Large\r\nServer: nginx\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                    client.write_all(refusal.as_bytes()).await?;
                    // As proxies do, so that the refusal arrives.
                    client.shutdown().await?;
                    return copy(&mut client, &mut tokio::io::sink()).await.map(drop);
                }
                let kept = head.trim_end().lines().filter(|line| {
                    let line = line.to_lowercase();
                    !line.starts_with("upgrade:") && !line.starts_with("connection:")
                });
                let passed: String = kept.map(|line| format!("{line}\r\n")).collect();
                let mut server = TcpStream::connect(server).await?;
                server.write_all(format!("{passed}Connection: close\r\n\r\n").as_bytes()).await?;
                let mut answer = Vec::new();
                server.read_to_end(&mut answer).await?;
                let end = answer.iter().position(|byte| *byte == b'\n').unwrap() + 1;
                client.write_all(&answer[..end]).await?;
                client.write_all(b"Server: nginx\r\n").await?;
                copy(&mut &answer[end..], &mut client).await.map(drop)
            });
        }
    });
}

/// A listener, and the address of what will be served there.
async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_is_set_up_wrongly_is_seen_from_outside() {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().to_str().unwrap().to_owned();
    let process = Process::start(dir.path(), &[]).await;
    let address = process.url.strip_prefix("http://").unwrap().to_owned();
    let (listener, proxy) = listener().await;
    bad_proxy(listener, address.clone());
    let flags = ["--data-dir", &folder, "--listen", &address, "--public-url"];
    let (found, code) = examine(&[&flags[..], &[&proxy]].concat()).await;
    assert_eq!(code, Some(2));
    for wrong in ["socket", "forwarded-headers", "upload-limit"] {
        let (severity, finding) = of(&found, wrong);
        assert_eq!(severity, "error", "{found:#}");
        let programs = programs(finding);
        for program in ["Caddy", "nginx", "Traefik", "HAProxy", "Apache"] {
            assert!(programs.contains(&program), "{wrong}: {programs:?}");
        }
    }
    assert_eq!(of(&found, "public-address").0, "warning", "it has no HTTPS");
    // Without it.
    let (found, _) = examine(&[&flags[..], &[&process.url]].concat()).await;
    for sound in ["socket", "forwarded-headers", "upload-limit"] {
        assert_eq!(of(&found, sound).0, "ok", "{found:#}");
    }
    // Somebody else's.
    let bucket = TempDir::new().unwrap();
    let other = crate::bucket::Bucket::over(bucket.path()).await;
    let (found, _) = examine(&[&flags[..], &[&other.url]].concat()).await;
    assert_eq!(of(&found, "public-address").0, "error", "{found:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrators_examine_the_running_server_and_find_what_the_command_finds() {
    let (listener, public) = listener().await;
    let server = TestServer::with(&["--public-url", &public]).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    bob.get("/admin/doctor").await.refused(403, "forbidden");
    server.nobody().get("/admin/doctor").await.refused(401, "unauthorized");
    // One at a time: until the proxy answers, the first one waits.
    let asked = [(); 2].map(|()| Box::pin(ann.get("/admin/doctor")));
    let (refused, _, mut waiting) = futures_util::future::select_all(asked).await;
    refused.refused(409, "conflict");
    bad_proxy(listener, server.url.strip_prefix("http://").unwrap().to_owned());
    let found = waiting.pop().unwrap().await.expect(200);
    assert_eq!(found["status"], "error");
    for wrong in ["socket", "forwarded-headers", "upload-limit"] {
        let (severity, finding) = of(&found, wrong);
        assert_eq!(severity, "error", "{found:#}");
        assert!(programs(finding).contains(&"nginx"), "{finding:#}");
    }
    assert_eq!(of(&found, "database").0, "ok");
    let folder = server.dir.path().to_str().unwrap();
    let url = server.database.url(server.dir.path());
    let flags = ["--data-dir", folder, "--database-url", &url, "--public-url", &public];
    let (printed, _) = examine(&flags).await;
    let checks = |found: &Value| -> Vec<(Value, Value, Value)> {
        let findings = found["findings"].as_array().unwrap().iter();
        findings.map(|one| (one["check"].clone(), one["severity"].clone(), one["advice"].clone())).collect()
    };
    assert_eq!(checks(&found), checks(&printed));
}

/// A real nginx with its defaults, where there is one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nginx_with_its_defaults_is_advised_and_with_the_advice_is_sound() {
    let nginx =
        ["/usr/sbin/nginx", "/usr/bin/nginx"].into_iter().find(|file| std::path::Path::new(file).exists());
    let Some(nginx) = nginx else { return leave("there is no nginx") };
    let dir = TempDir::new().unwrap();
    let folder = dir.path().to_str().unwrap().to_owned();
    let process = Process::start(&dir.path().join("data"), &[]).await;
    let address = process.url.strip_prefix("http://").unwrap().to_owned();
    let data = dir.path().join("data");
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let public = format!("http://127.0.0.1:{port}");
    let flags = ["--data-dir", data.to_str().unwrap(), "--listen", &address, "--public-url", &public]
        .map(str::to_owned);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let mut lines = String::new();
    for round in 0..2 {
        let text = format!(
            "daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log; events {{}} http {{ access_log off; \
             client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; \
             uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; \
             server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://{address};\n{lines}\n}} }} }}"
        );
        let file = dir.path().join("nginx.conf");
        std::fs::write(&file, text).unwrap();
        let mut child = Command::new(nginx).args(["-c", file.to_str().unwrap()]).spawn().unwrap();
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(child.try_wait().unwrap().is_none(), "nginx does not start");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let more: &[&str] = if round == 0 { &[] } else { &["--trusted-proxies", "loopback"] };
        let (found, _) = examine(&[&flags[..], more].concat()).await;
        for check in ["socket", "forwarded-headers", "upload-limit"] {
            let (severity, finding) = of(&found, check);
            assert_eq!(severity, ["error", "ok"][round], "{found:#}");
            let advice =
                finding["advice"].as_array().unwrap().iter().find(|advice| advice["program"] == "nginx");
            lines += advice.map_or("", |advice| advice["lines"].as_str().unwrap());
            lines.push('\n');
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// A certificate of one's own that is valid from some days ago until in some days, and its key.
fn certificate(folder: &std::path::Path, from: i64, until: i64) -> [String; 2] {
    let now = besedka::messenger::Clock::default().now().seconds().unsigned_abs();
    let at = |days: i64| {
        // A minute more, so that whole days are left.
        let seconds = now.saturating_add_signed(days * 24 * 3_600 + 60);
        std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds)
    };
    let mut params = rcgen::CertificateParams::new(["chat.example.org".to_owned()]).unwrap();
    params.not_before = at(from).into();
    params.not_after = at(until).into();
    let key = rcgen::KeyPair::generate().unwrap();
    let signed = params.self_signed(&key).unwrap();
    [("certificate.pem", signed.pem()), ("key.pem", key.serialize_pem())].map(|(name, text)| {
        let file = folder.join(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_ends_soon_or_is_over_and_pushes_without_a_contact_are_reported() {
    let dir = TempDir::new().unwrap();
    let data = dir.path().join("data");
    let folder = data.to_str().unwrap().to_owned();
    let mut process = Process::start(&data, &[]).await;
    process.person("ann").await;
    assert_eq!(process.stop().await, Some(0));
    for (from, until, severity, words) in [
        (-10, 80, "ok", "is valid until"),
        (-80, 10, "warning", "within 10 days"),
        (-80, -1, "error", "browsers refuse"),
        (2, 80, "error", "not valid before"),
    ] {
        let [chain, key] = certificate(dir.path(), from, until);
        let (found, _) = examine(&["--data-dir", &folder, "--tls-cert", &chain, "--tls-key", &key]).await;
        let (found_severity, finding) = of(&found, "certificate");
        assert_eq!(found_severity, severity, "{found:#}");
        assert!(finding["summary"].as_str().unwrap().contains(words), "{finding}");
    }
    // One by an authority that has not answered yet.
    let (found, _) = examine(&["--data-dir", &folder, "--tls-domain", "chat.example.org"]).await;
    let (severity, finding) = of(&found, "certificate");
    assert_eq!(severity, "warning", "{found:#}");
    assert!(
        finding["summary"].as_str().unwrap().contains("no certificate for chat.example.org yet"),
        "{finding}"
    );
    // The one that is stored, and what happens when it is not renewed.
    std::fs::create_dir(data.join("acme")).unwrap();
    for (from, until, severity) in [(-10, 80, "ok"), (-88, 2, "warning"), (-90, -1, "error")] {
        let [chain, key] = certificate(dir.path(), from, until);
        let read = |file: &str| std::fs::read_to_string(file).unwrap();
        let stored = serde_json::json!({
            "directory": "https://acme-v02.api.letsencrypt.org/directory", "hosts": ["chat.example.org"],
            "chain": read(&chain), "key": read(&key),
        });
        std::fs::write(data.join("acme/certificate.json"), stored.to_string()).unwrap();
        let (found, _) = examine(&["--data-dir", &folder, "--tls-domain", "chat.example.org"]).await;
        assert_eq!(of(&found, "certificate").0, severity, "{found:#}");
    }
    // Without encryption of its own there is nothing to examine.
    let (found, _) = examine(&["--data-dir", &folder]).await;
    assert!(found["findings"].as_array().unwrap().iter().all(|finding| finding["check"] != "certificate"));
    for (flags, severity) in [
        (&[][..], "warning"),
        (&["--push-contact", "mailto:admin@example.org"], "ok"),
        (&["--push", "off"], "ok"),
    ] {
        let (found, _) = examine(&[&["--data-dir", &folder], flags].concat()).await;
        assert_eq!(of(&found, "push").0, severity, "{found:#}");
    }
}

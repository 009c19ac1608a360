//! Declares the commands: without this list every window could call all of them.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let commands = tauri_build::AppManifest::new().commands(&[
        "start",
        "listen",
        "check",
        "connect",
        "choose_certificate",
        "signed_in",
        "badge",
        "notify",
        "save",
        "save_text",
        "dropped",
        "socket_open",
        "socket_send",
        "socket_close",
    ]);
    Ok(tauri_build::try_build(tauri_build::Attributes::new().app_manifest(commands))?)
}

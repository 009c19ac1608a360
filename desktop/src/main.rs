//! The desktop app of Besedka: the web client, bundled, in a window of the system.
//!
//! The page is the same as the server's own. It differs in two places: where its requests go (`web/src/lib/shell`
//! names the scheme that `forward` answers) and what it asks of the system (`commands`). What a page may call is
//! listed in `capabilities/`; nothing of Tauri's own is.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

#[cfg(target_feature = "crt-static")]
compile_error!("the server's static flags are not for this app: set RUSTFLAGS to nothing, as make does");

mod commands;
mod keyring;
mod menu;
mod notify;
mod shell;
mod tray;
mod trouble;
mod updates;
mod windows;

use tauri::{AppHandle, Manager};
use tauri_plugin_deep_link::DeepLinkExt;

use besedka_desktop_core::{accounts, forward, links, net, secrets, texts};

use crate::shell::Shell;

/// The argument with which the system starts the app: to the tray.
const HIDDEN: &str = "--hidden";
const LOG_BYTES: u128 = 1024 * 1024;

fn main() {
    net::start();
    let state = tauri_plugin_window_state::Builder::new()
        .with_state_flags(!tauri_plugin_window_state::StateFlags::VISIBLE)
        .build();
    let autostart = tauri_plugin_autostart::Builder::new().arg(HIDDEN).app_name("Besedka").build();
    let app = tauri::Builder::default()
        // First: a second start ends here, before it opens anything.
        .plugin(tauri_plugin_single_instance::init(|app, _, _| show(app)))
        .plugin(tauri_plugin_deep_link::init())
        .plugin(autostart)
        .plugin(state)
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_opener::Builder::new().open_js_links_on_click(false).build())
        .register_asynchronous_uri_scheme_protocol(forward::SCHEME, |context, request, responder| {
            let app = context.app_handle().clone();
            let account = windows::account_of(context.webview_label());
            tauri::async_runtime::spawn(async move {
                let shell = app.state::<Shell>();
                let server = account.and_then(|id| shell.accounts.server(id));
                let clients = shell.clients();
                let id = account.unwrap_or_default();
                responder.respond(forward::answer(id, server, &clients, &shell.secrets, request).await);
            });
        })
        .invoke_handler(tauri::generate_handler![
            commands::start,
            commands::listen,
            commands::check,
            commands::connect,
            commands::choose_certificate,
            commands::signed_in,
            commands::badge,
            commands::notify,
            commands::save,
            commands::save_text,
            commands::dropped,
            commands::socket_open,
            commands::socket_send,
            commands::socket_close,
        ])
        .on_menu_event(|app, event| menu::pressed(app, &event))
        .setup(|app| {
            // An error here would end in a panic, which nobody sees.
            if let Err(error) = set_up(app.handle()) {
                trouble::failed(app.handle(), &error.to_string());
            }
            Ok(())
        })
        .build(tauri::generate_context!());
    match app {
        Ok(app) => app.run(|_app, _event| {
            #[cfg(target_os = "macos")]
            if let tauri::RunEvent::Reopen { .. } = _event {
                show(_app);
            }
        }),
        Err(error) => {
            // There is no window to say it in.
            eprintln!("Besedka could not start: {error}");
            std::process::exit(1);
        }
    }
}

fn set_up(app: &AppHandle) -> Result<(), Box<dyn std::error::Error>> {
    start_log(app)?;
    let settings = app.path().app_config_dir()?;
    for folder in ["locales", "certificates"] {
        let folder = settings.join(folder);
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let languages: Vec<String> = sys_locale::get_locales().collect();
    let shell = Shell::new(
        settings.clone(),
        accounts::Accounts::open(settings.join("accounts.json"), &windows::folders(app)?),
        secrets::Secrets::new(settings.join("secrets"), Box::new(keyring::SystemKeyring)),
        texts::Texts::load(&settings.join("locales"), &languages),
        net::Clients::new(&settings.join("certificates"))?,
    );
    app.manage(shell);
    if tauri::webview_version().is_err() {
        trouble::no_webview(app);
        return Ok(());
    }
    if let Err(error) = tray::start(app) {
        log::warn!("this system has no tray: {error}");
    }
    let opens = app.clone();
    app.deep_link().on_open_url(move |event| {
        for link in event.urls().iter().filter_map(|url| links::parse(url.as_str())) {
            windows::follow(&opens, link);
        }
    });
    menu::renew(app);
    windows::start(app, !std::env::args().any(|argument| argument == HIDDEN))?;
    if let Some(urls) = app.deep_link().get_current()? {
        for link in urls.iter().filter_map(|url| links::parse(url.as_str())) {
            windows::follow(app, link);
        }
    }
    updates::start(app);
    Ok(())
}

fn start_log(app: &AppHandle) -> tauri::Result<()> {
    let log = tauri_plugin_log::Builder::new()
        .level(log::LevelFilter::Info)
        .max_file_size(LOG_BYTES)
        .rotation_strategy(tauri_plugin_log::RotationStrategy::KeepOne)
        .build();
    app.plugin(log)?;
    // On Windows nobody sees what is written to the standard error.
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        log::error!("{panic}");
        usual(panic);
    }));
    Ok(())
}

fn show(app: &AppHandle) {
    // None while a dialog says why the app could not start.
    if let Some(shell) = app.try_state::<Shell>() {
        windows::show(app, shell.accounts.current().id);
    }
}

//! The menu of the windows, and what its items and those of the tray do.

use tauri::menu::{
    CheckMenuItemBuilder, Menu, MenuBuilder, MenuEvent, MenuItem, MenuItemBuilder, Submenu, SubmenuBuilder,
};
use tauri::{AppHandle, Manager, WebviewWindow};
use tauri_plugin_autostart::ManagerExt;
use tauri_plugin_dialog::{DialogExt, MessageDialogButtons};
use tauri_plugin_opener::OpenerExt;

use crate::shell::Shell;
use crate::{tray, updates, windows};

const ACCOUNT: &str = "account:";
const ZOOM_STEP: f64 = 0.1;
const ZOOM_LEAST: f64 = 0.5;
const ZOOM_MOST: f64 = 3.0;

/// Builds the menus anew, after the accounts changed.
pub fn renew(app: &AppHandle) {
    let renewed = build(app).and_then(|menu| app.set_menu(menu).map(drop)).and_then(|()| tray::renew(app));
    if let Err(error) = renewed {
        log::error!("the menu could not be built: {error}");
    }
}

fn build(app: &AppHandle) -> tauri::Result<Menu<tauri::Wry>> {
    let shell = app.state::<Shell>();
    let text = |key: &str| shell.texts.get(&format!("desktop.menu.{key}"));
    let item = |id: &str, keys: Option<&str>| {
        let builder = MenuItemBuilder::with_id(id, text(id));
        match keys {
            Some(keys) => builder.accelerator(keys).build(app),
            None => builder.build(app),
        }
    };
    let is_started = app.autolaunch().is_enabled().unwrap_or(false);
    let autostart =
        CheckMenuItemBuilder::with_id("autostart", text("autostart")).checked(is_started).build(app)?;
    let mut main = SubmenuBuilder::new(app, text("app")).item(&autostart).item(&item("folder", None)?);
    if let Some(update) = update(app)? {
        main = main.item(&update);
    }
    let main = main
        .separator()
        .item(&item("hide", Some("CmdOrCtrl+W"))?)
        .item(&item("quit", Some("CmdOrCtrl+Q"))?)
        .build()?;
    let accounts = accounts(app)?;
    let view = SubmenuBuilder::new(app, text("view"))
        .item(&item("larger", Some("CmdOrCtrl+="))?)
        .item(&item("smaller", Some("CmdOrCtrl+-"))?)
        .item(&item("actual", Some("CmdOrCtrl+0"))?)
        .separator()
        .item(&item("full_screen", Some("F11"))?)
        .item(&item("reload", Some("F5"))?)
        .build()?;
    let menu = MenuBuilder::new(app).item(&main).item(&accounts);
    // Only macOS needs a menu for the keys of the clipboard to work.
    #[cfg(target_os = "macos")]
    let menu = menu.item(
        &SubmenuBuilder::new(app, text("edit"))
            .undo_with_text(text("undo"))
            .redo_with_text(text("redo"))
            .separator()
            .cut_with_text(text("cut"))
            .copy_with_text(text("copy"))
            .paste_with_text(text("paste"))
            .select_all_with_text(text("select_all"))
            .build()?,
    );
    menu.item(&view).build()
}

/// Takes an update that was found, or looks for one. None if this app does not look for updates.
pub fn update(app: &AppHandle) -> tauri::Result<Option<MenuItem<tauri::Wry>>> {
    if !updates::are_on() {
        return Ok(None);
    }
    let shell = app.state::<Shell>();
    let text = match shell.update() {
        Some(update) => shell.texts.with("desktop.menu.update", &[("version", &update.version)]),
        None => shell.texts.get("desktop.menu.look_for_update"),
    };
    MenuItemBuilder::with_id("update", text).build(app).map(Some)
}

/// The accounts, the current one with its mark.
pub fn accounts(app: &AppHandle) -> tauri::Result<Submenu<tauri::Wry>> {
    let shell = app.state::<Shell>();
    let text = |key: &str| shell.texts.get(&format!("desktop.menu.{key}"));
    let mut menu = SubmenuBuilder::new(app, text("accounts"));
    for (place, account) in shell.accounts.all().iter().enumerate() {
        let mut item =
            MenuItemBuilder::with_id(format!("{ACCOUNT}{}", account.id), windows::name(&shell, account));
        if place < 9 {
            item = item.accelerator(format!("CmdOrCtrl+Alt+{}", place + 1));
        }
        menu = menu.item(&item.build(app)?);
    }
    menu.separator()
        .item(&MenuItemBuilder::with_id("add_account", text("add_account")).build(app)?)
        .item(&MenuItemBuilder::with_id("remove_account", text("remove_account")).build(app)?)
        .build()
}

pub fn pressed(app: &AppHandle, event: &MenuEvent) {
    let id = event.id().as_ref();
    if let Some(account) = id.strip_prefix(ACCOUNT).and_then(|id| id.parse().ok()) {
        return windows::show(app, account);
    }
    let shell = app.state::<Shell>();
    match id {
        "open" => windows::show(app, shell.accounts.current().id),
        "add_account" => {
            let account = shell.accounts.add();
            renew(app);
            windows::show(app, account.id);
        }
        "remove_account" => ask_to_remove(app),
        "autostart" => {
            let starts = app.autolaunch();
            let is_started = starts.is_enabled().unwrap_or(false);
            if let Err(error) = if is_started { starts.disable() } else { starts.enable() } {
                log::error!("starting with the system could not be changed: {error}");
            }
            renew(app);
        }
        "folder" => {
            if let Err(error) = app.opener().open_path(shell.settings.display().to_string(), None::<&str>) {
                log::warn!("the folder could not be opened: {error}");
            }
        }
        "update" => updates::pressed(app),
        "quit" => app.exit(0),
        _ => {
            let focused =
                app.webview_windows().into_values().find(|window| window.is_focused().unwrap_or(false));
            let current =
                focused.or_else(|| app.get_webview_window(&windows::label(shell.accounts.current().id)));
            if let Some(window) = current
                && let Err(error) = act(&window, &shell, id)
            {
                log::warn!("{id} failed: {error}");
            }
        }
    }
}

fn act(window: &WebviewWindow, shell: &Shell, id: &str) -> tauri::Result<()> {
    match id {
        "hide" => window.hide(),
        "full_screen" => window.set_fullscreen(!window.is_fullscreen()?),
        "reload" => reload(window, shell),
        "larger" => zoom(window, shell, |now| now + ZOOM_STEP),
        "smaller" => zoom(window, shell, |now| now - ZOOM_STEP),
        "actual" => zoom(window, shell, |_| 1.0),
        _ => Ok(()),
    }
}

/// What is told from now on waits for the new page: the old one may not live to act on it.
fn reload(window: &WebviewWindow, shell: &Shell) -> tauri::Result<()> {
    if let Some(account) = windows::account_of(window.label()) {
        shell.reloaded(account);
    }
    window.reload()
}

/// How large an account's window shows everything, kept for the next start.
fn zoom(window: &WebviewWindow, shell: &Shell, change: impl FnOnce(f64) -> f64) -> tauri::Result<()> {
    let Some(account) = windows::account_of(window.label()).and_then(|id| shell.accounts.get(id)) else {
        return Ok(());
    };
    let next = (change(account.zoom).clamp(ZOOM_LEAST, ZOOM_MOST) * 10.0).round() / 10.0;
    window.set_zoom(next)?;
    shell.accounts.change(account.id, |account| account.zoom = next);
    Ok(())
}

fn ask_to_remove(app: &AppHandle) {
    let shell = app.state::<Shell>();
    let account = shell.accounts.current();
    let text = shell.texts.with("desktop.remove.question", &[("name", &windows::name(&shell, &account))]);
    let buttons = MessageDialogButtons::OkCancelCustom(
        shell.texts.get("desktop.remove.yes"),
        shell.texts.get("desktop.remove.no"),
    );
    let then = app.clone();
    app.dialog().message(text).title(shell.texts.get("desktop.name")).buttons(buttons).show(move |is_sure| {
        if is_sure {
            let app = then.clone();
            // Windows belong to the main thread.
            if let Err(error) = then.run_on_main_thread(move || windows::remove(&app, account.id)) {
                log::error!("an account could not be removed: {error}");
            }
        }
    });
}

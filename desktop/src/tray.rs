//! The icon in the tray, with the number of unread messages of all accounts.

use tauri::image::Image;
use tauri::menu::{MenuBuilder, MenuItemBuilder};
use tauri::tray::{MouseButton, MouseButtonState, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager};

use crate::shell::Shell;
use crate::{menu, windows};
use besedka_desktop_core::badge;

const ID: &str = "besedka";
const ICON: Image<'static> = tauri::include_image!("icons/tray.png");

pub fn start(app: &AppHandle) -> tauri::Result<()> {
    TrayIconBuilder::with_id(ID)
        .icon(ICON)
        // On Linux an icon is a file; by default all users of the computer would share a folder for it.
        .temp_dir_path(app.path().app_cache_dir()?.join("tray"))
        .tooltip(app.state::<Shell>().texts.get("desktop.name"))
        .show_menu_on_left_click(false)
        .on_tray_icon_event(|tray, event| {
            if let TrayIconEvent::Click {
                button: MouseButton::Left,
                button_state: MouseButtonState::Up,
                ..
            } = event
            {
                let app = tray.app_handle();
                windows::show(app, app.state::<Shell>().accounts.current().id);
            }
        })
        .build(app)?;
    Ok(())
}

pub fn renew(app: &AppHandle) -> tauri::Result<()> {
    let Some(tray) = app.tray_by_id(ID) else { return Ok(()) };
    let texts = &app.state::<Shell>().texts;
    let mut built = MenuBuilder::new(app)
        .item(&MenuItemBuilder::with_id("open", texts.get("desktop.tray.open")).build(app)?)
        .item(&menu::accounts(app)?);
    if let Some(update) = menu::update(app)? {
        built = built.item(&update);
    }
    let built = built
        .separator()
        .item(&MenuItemBuilder::with_id("quit", texts.get("desktop.menu.quit")).build(app)?)
        .build()?;
    tray.set_menu(Some(built))
}

/// Shows how many messages are unread, on the tray and where the system has a place for it on the app's own icon.
pub fn count(app: &AppHandle, account: u32, unread: u32) {
    let shell = app.state::<Shell>();
    let all = shell.count(account, unread);
    let text = match all {
        0 => shell.texts.get("desktop.name"),
        _ => shell.texts.with("desktop.tray.unread", &[("count", &all.to_string())]),
    };
    if let Some(tray) = app.tray_by_id(ID) {
        let picture = badge::draw(ICON.rgba(), ICON.width() as usize, all);
        let icon = Image::new_owned(picture, ICON.width(), ICON.height());
        if let Err(error) = tray.set_icon(Some(icon)).and_then(|()| tray.set_tooltip(Some(&text))) {
            log::warn!("the tray could not be changed: {error}");
        }
    }
    if let Some(window) = app.get_webview_window(&windows::label(account)) {
        #[cfg(not(windows))]
        let shown = window.set_badge_count((all > 0).then_some(i64::from(all)));
        #[cfg(windows)]
        let shown = window.set_overlay_icon((all > 0).then(|| {
            let side = ICON.width();
            Image::new_owned(
                badge::draw(&vec![0; (side * side * 4) as usize], side as usize, all),
                side,
                side,
            )
        }));
        if let Err(error) = shown {
            log::debug!("this system shows no number on the app's icon: {error}");
        }
    }
}

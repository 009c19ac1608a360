//! Texts by key: the built-in languages, and JSON files that users put into the folder `locales` of the app's settings.

use std::collections::BTreeMap;
use std::path::Path;

pub type Catalogue = BTreeMap<String, String>;

const BUILT_IN: [(&str, &str); 2] =
    [("ru", include_str!("../../locales/ru.json")), ("en", include_str!("../../locales/en.json"))];
/// Languages whose speakers read Russian rather than English.
const NEIGHBOURS: [&str; 5] = ["uk", "be", "kk", "uz", "tg"];
/// A catalogue of the messenger is far smaller.
const MOST_BYTES: u64 = 2 * 1024 * 1024;

pub struct Texts {
    pub language: String,
    catalogue: Catalogue,
    /// What users added, for the messenger's own texts.
    pub added: BTreeMap<String, Catalogue>,
}

impl Texts {
    /// The texts in the first of the wanted languages that there is; Russian if the system names none.
    pub fn load(folder: &Path, wanted: &[String]) -> Self {
        let added = added(folder);
        let built_in = |code: &str| -> Catalogue {
            let file = BUILT_IN.iter().find(|(name, _)| *name == code).map_or("{}", |(_, file)| file);
            serde_json::from_str(file).unwrap_or_default()
        };
        let exists = |code: &str| added.contains_key(code) || BUILT_IN.iter().any(|(name, _)| *name == code);
        let language = choose(wanted, exists);
        // What a language lacks is said in English, or in Russian by the built-in Russian.
        let mut catalogue = built_in("en");
        catalogue.extend(built_in(&language));
        catalogue.extend(added.get(&language).cloned().unwrap_or_default());
        Self { language, catalogue, added }
    }

    pub fn get(&self, key: &str) -> String {
        self.catalogue.get(key).cloned().unwrap_or_else(|| key.to_owned())
    }

    /// A text with `{{name}}` replaced.
    pub fn with(&self, key: &str, parameters: &[(&str, &str)]) -> String {
        parameters
            .iter()
            .fold(self.get(key), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value))
    }

    /// The texts of a page, by the start of their keys.
    pub fn starting(&self, prefix: &str) -> Catalogue {
        self.catalogue
            .iter()
            .filter(|(key, _)| key.starts_with(prefix))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect()
    }
}

fn choose(wanted: &[String], exists: impl Fn(&str) -> bool) -> String {
    for one in wanted {
        let code = one.split(['-', '_', '.']).next().unwrap_or_default().to_lowercase();
        if exists(&code) {
            return code;
        }
        if NEIGHBOURS.contains(&code.as_str()) {
            return "ru".to_owned();
        }
    }
    let is_known = wanted.iter().any(|one| !matches!(one.as_str(), "" | "C" | "POSIX"));
    (if is_known { "en" } else { "ru" }).to_owned()
}

/// Reads `CODE.json` of the folder. A file that is no catalogue is left out, with a word in the log.
fn added(folder: &Path) -> BTreeMap<String, Catalogue> {
    let Ok(entries) = std::fs::read_dir(folder) else { return BTreeMap::new() };
    let mut added = BTreeMap::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        let Some(code) =
            path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".json"))
        else {
            continue;
        };
        if !(2..=3).contains(&code.len()) || !code.bytes().all(|byte| byte.is_ascii_lowercase()) {
            log::warn!("{} is not named by a language code such as de.json", path.display());
            continue;
        }
        match read(&path) {
            Ok(catalogue) => {
                added.insert(code.to_owned(), catalogue);
            }
            Err(error) => log::warn!("{} is not a file of texts: {error}", path.display()),
        }
    }
    added
}

fn read(path: &Path) -> Result<Catalogue, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > MOST_BYTES {
        return Err("it is too large".to_owned());
    }
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(folder: &Path, wanted: &[&str]) -> Texts {
        Texts::load(folder, &wanted.iter().map(|&one| one.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_system_decides_the_language_and_russian_comes_first() {
        let nowhere = Path::new("/nonexistent");
        let language = |wanted: &[&str]| texts(nowhere, wanted).language;
        assert_eq!(language(&["en-US", "ru-RU"]), "en");
        assert_eq!(language(&["ru_RU.UTF-8"]), "ru");
        assert_eq!(language(&["be-BY"]), "ru");
        assert_eq!(language(&["fr-FR", "ru"]), "ru");
        assert_eq!(language(&["fr-FR"]), "en");
        assert_eq!(language(&[]), "ru");
        assert_eq!(language(&["C"]), "ru");
    }

    #[test]
    fn both_languages_have_the_same_texts_and_placeholders() {
        let [ru, en] = BUILT_IN.map(|(_, file)| serde_json::from_str::<Catalogue>(file).unwrap());
        assert_eq!(ru.keys().collect::<Vec<_>>(), en.keys().collect::<Vec<_>>());
        let placeholders = |text: &str| {
            let mut names: Vec<_> = text
                .split("{{")
                .skip(1)
                .filter_map(|rest| rest.split("}}").next())
                .map(str::to_owned)
                .collect();
            names.sort();
            names
        };
        for (key, text) in &ru {
            assert_eq!(placeholders(text), placeholders(&en[key]), "{key}");
        }
    }

    #[test]
    fn a_user_adds_a_language_by_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("de.json", r#"{"language": "Deutsch", "desktop.menu.quit": "Beenden"}"#);
        write("fr.json", "not JSON");
        write("../evil.json", "{}");
        write("readme.txt", "");
        let german = texts(folder.path(), &["de-DE"]);
        assert_eq!(german.language, "de");
        assert_eq!(german.get("desktop.menu.quit"), "Beenden");
        // What the file lacks is there in English.
        assert_eq!(german.get("desktop.menu.edit"), "Edit");
        assert_eq!(german.added.keys().collect::<Vec<_>>(), ["de"]);
        assert_eq!(texts(folder.path(), &["fr-FR"]).language, "en");
        std::fs::remove_file(folder.path().join("../evil.json")).unwrap();
    }

    #[test]
    fn placeholders_are_filled() {
        let texts = texts(Path::new("/nonexistent"), &["ru"]);
        assert_eq!(texts.with("desktop.tray.unread", &[("count", "7")]), "Беседка: непрочитанных 7");
    }
}

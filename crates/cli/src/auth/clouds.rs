//! `clouds.yaml`, with what `secure.yaml` and `clouds-public.yaml` add. Each may be JSON as well, and is called so then.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use yaml_rust2::{Yaml, YamlLoader};

use super::options::{Setting, truth};
use crate::error::{Error, Result};

/// A cloud, and where it was found.
pub(super) struct Cloud {
    pub(super) name: String,
    pub(super) file: PathBuf,
    pub(super) settings: Settings,
}

type Settings = Vec<(Setting, String)>;

/// A cloud.
pub(super) fn read(name: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Cloud> {
    let Some(path) = find("clouds.yaml", "OS_CLIENT_CONFIG_FILE", variable) else {
        return Err(Error::Usage(format!(
            "there is no `clouds.yaml` that could have the cloud `{name}`: looked in {}",
            folders(variable)
                .iter()
                .map(|folder| folder.display().to_string())
                .collect::<Vec<_>>()
                .join(", ")
        )));
    };
    let mut clouds = section(&path, "clouds")?;
    let mut cloud = match clouds.remove(name) {
        Some(Value::Object(cloud)) => cloud,
        None => return Err(Error::Usage(unknown(name, &path, &clouds))),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            return Err(Error::Usage(format!("{}: the cloud `{name}` must be a map", path.display())));
        }
    };
    if let Some(profile) = cloud.get("profile").or_else(|| cloud.get("cloud")).and_then(Value::as_str) {
        let beneath = profile_of(profile, variable)?;
        let above = std::mem::replace(&mut cloud, beneath);
        merge(&mut cloud, above);
    }
    if let Some(secure) = find("secure.yaml", "OS_CLIENT_SECURE_FILE", variable) {
        let mut secure = section(&secure, "clouds")?;
        if let Some(Value::Object(secret)) = secure.remove(name) {
            merge(&mut cloud, secret);
        }
    }
    let wrong = |why: String| Error::Usage(format!("{}: {why}, in the cloud `{name}`", path.display()));
    let settings = settings(&cloud).map_err(wrong)?;
    Ok(Cloud { name: name.to_owned(), file: path, settings })
}

/// That a file lacks a cloud, and which it has.
fn unknown(name: &str, path: &Path, clouds: &Map<String, Value>) -> String {
    let others: Vec<String> = clouds.keys().map(|name| format!("`{name}`")).collect();
    let others =
        if others.is_empty() { "and no other".to_owned() } else { format!("but {}", others.join(", ")) };
    format!("{} has no cloud `{name}`, {others}", path.display())
}

/// The only cloud that there is; none where there are several, or none.
pub(super) fn only(variable: &dyn Fn(&str) -> Option<String>) -> Result<Option<Cloud>> {
    let Some(path) = find("clouds.yaml", "OS_CLIENT_CONFIG_FILE", variable) else { return Ok(None) };
    let clouds = section(&path, "clouds")?;
    let mut names = clouds.keys();
    match (names.next(), names.next()) {
        (Some(name), None) => read(name, variable).map(Some),
        _ => Ok(None),
    }
}

/// Where the files are looked for, first the nearest.
fn folders(variable: &dyn Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    let home = variable("HOME").map(PathBuf::from);
    let of_user = variable("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| Some(home?.join(".config")));
    let mut folders = vec![PathBuf::from(".")];
    folders.extend(of_user.map(|folder| folder.join("openstack")));
    folders.push(PathBuf::from("/etc/openstack"));
    folders
}

fn find(file: &str, named_by: &str, variable: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let named = variable(named_by).filter(|path| !path.is_empty()).map(PathBuf::from);
    let spelt = ["yaml", "yml", "json"].map(|ending| Path::new(file).with_extension(ending));
    let found = folders(variable).into_iter().flat_map(|folder| spelt.clone().map(|file| folder.join(file)));
    named.into_iter().chain(found).find(|path| path.is_file())
}

/// A map of a file.
fn section(path: &Path, key: &str) -> Result<Map<String, Value>> {
    let wrong = |why: String| Error::Usage(format!("{}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|why| wrong(why.to_string()))?;
    let document = if path.extension().is_some_and(|ending| ending == "json") {
        Some(serde_json::from_str(&text).map_err(|why| wrong(why.to_string()))?)
    } else {
        let documents = YamlLoader::load_from_str(&text).map_err(|why| wrong(why.to_string()))?;
        documents.into_iter().next().map(value)
    };
    let mut document = match document {
        Some(Value::Object(document)) => document,
        None | Some(Value::Null) => return Ok(Map::new()),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            return Err(wrong(format!("a map with `{key}:` was expected")));
        }
    };
    match document.remove(key) {
        Some(Value::Object(map)) => Ok(map),
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Err(wrong(format!("`{key}` must be a map")))
        }
    }
}

/// A profile of `clouds-public.yaml`.
fn profile_of(name: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Map<String, Value>> {
    let mut public = match find("clouds-public.yaml", "OS_CLIENT_VENDOR_FILE", variable) {
        Some(path) => section(&path, "public-clouds")?,
        None => Map::new(),
    };
    match public.remove(name) {
        Some(Value::Object(profile)) => Ok(profile),
        _ => Err(Error::Usage(format!(
            "`clouds-public.yaml` has no profile `{name}`: write its `auth_url` into the cloud itself"
        ))),
    }
}

/// Lays one map over another: what it says wins.
fn merge(beneath: &mut Map<String, Value>, above: Map<String, Value>) {
    for (key, value) in above {
        match (beneath.get_mut(&key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            (_, value) => {
                beneath.insert(key, value);
            }
        }
    }
}

/// What a cloud says, or what is wrong with a key of it.
fn settings(cloud: &Map<String, Value>) -> std::result::Result<Settings, String> {
    let auth = match cloud.get("auth") {
        Some(Value::Object(auth)) => Some(auth),
        None | Some(Value::Null) => None,
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            return Err("`auth` must be a map".to_owned());
        }
    };
    let look = |key: &str| auth.and_then(|auth| auth.get(key)).or_else(|| cloud.get(key));
    let mut settings: Settings = Vec::new();
    for setting in Setting::ALL {
        if matches!(setting, Setting::Cloud | Setting::Insecure) {
            continue;
        }
        let keys = [Some(setting.key()), setting.alias()];
        let Some((key, value)) = keys.into_iter().flatten().find_map(|key| Some((key, look(key)?))) else {
            continue;
        };
        match text(value) {
            Some(text) => settings.push((setting, text)),
            // Other clients take a list of interfaces, too; the default is in it.
            None if value.is_null() || setting == Setting::Interface => {}
            None => return Err(format!("`{key}` must be one text")),
        }
    }
    // The first of several regions is the one to begin with.
    if let Some(Value::Array(regions)) = cloud.get("regions")
        && settings.iter().all(|(setting, _)| *setting != Setting::Region)
    {
        let first = regions.first().and_then(|region| text(region.get("name").unwrap_or(region)));
        settings.extend(first.map(|region| (Setting::Region, region)));
    }
    let verify = cloud.get("verify").and_then(text).map(|verify| truth(&verify) == "false");
    let insecure = cloud.get("insecure").and_then(text).map(|insecure| truth(&insecure) == "true");
    if insecure.or(verify) == Some(true) {
        settings.push((Setting::Insecure, "true".to_owned()));
    }
    Ok(settings)
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// YAML as JSON; `<<` brings in the keys of another map.
fn value(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Real(text) | Yaml::String(text) => Value::String(text),
        Yaml::Integer(number) => number.into(),
        Yaml::Boolean(truth) => Value::Bool(truth),
        Yaml::Array(items) => items.into_iter().map(value).collect(),
        Yaml::Hash(entries) => {
            let (mut map, mut beneath) = (Map::new(), Map::new());
            for (key, entry) in entries {
                let Some(key) = text(&value(key)) else { continue };
                match (key.as_str(), value(entry)) {
                    ("<<", Value::Object(other)) => merge(&mut beneath, other),
                    (_, entry) => {
                        map.insert(key, entry);
                    }
                }
            }
            merge(&mut beneath, map);
            Value::Object(beneath)
        }
        Yaml::Alias(_) | Yaml::Null | Yaml::BadValue => Value::Null,
    }
}

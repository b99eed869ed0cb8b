//! Who somebody is, and where: options on the command line, `OS_*` variables and a cloud of `clouds.yaml`, put together
//! as every OpenStack client does, and turned into the body that asks for a token.
//!
//! An option wins over a variable, and a variable over the cloud; only where the cloud is named by `--os-cloud` itself,
//! the cloud wins over variables, of which then only secrets and the file of certificates fill in what it lacks: the
//! variables are left from another cloud more often than not.

pub(crate) mod clouds;
pub(crate) mod options;
pub(crate) mod request;

use std::path::PathBuf;

use adit_api::transport::Trust;

use crate::error::{Error, Result};
use options::{Given, Setting};

/// What is known of who somebody is, and where.
#[derive(Clone, Default)]
pub(crate) struct Access {
    settings: Vec<(Setting, String)>,
    /// The cloud that they are of, as people find it: its name and its file.
    cloud: Option<(String, PathBuf)>,
}

impl Access {
    /// Puts together what the command line, the variables and the files say.
    pub(crate) fn find(given: &Given, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        let mut access = Self { settings: given.settings.clone(), cloud: None };
        let named = given.settings.iter().find(|(setting, _)| *setting == Setting::Cloud);
        // An empty `--os-cloud=` says: none.
        let (cloud, by_option) = match named {
            Some((_, cloud)) => (Some(cloud.clone()).filter(|cloud| !cloud.is_empty()), true),
            None => (variable("OS_CLOUD"), false),
        };
        let variables =
            || Setting::ALL.iter().filter_map(|setting| Some((*setting, setting.variable(variable)?)));
        let is_without = cloud.is_none() && (by_option || access.has(Setting::AuthUrl));
        let cloud = match cloud {
            Some(name) => Some(clouds::read(&name, variable)?),
            None if is_without || variable("OS_AUTH_URL").is_some() => None,
            None => clouds::only(variable)?,
        };
        let cloud = cloud.map_or_else(Vec::new, |cloud| {
            access.cloud = Some((cloud.name, cloud.file));
            cloud.settings
        });
        if by_option && !cloud.is_empty() {
            access.fill(cloud);
            access.fill(variables().filter(|(setting, _)| setting.fills_in()).collect());
        } else {
            access.fill(variables().collect());
            access.fill(cloud);
        }
        Ok(access)
    }

    /// Adds what is not known yet.
    fn fill(&mut self, settings: Vec<(Setting, String)>) {
        let known: Vec<Setting> = self.settings.iter().map(|(setting, _)| *setting).collect();
        let is_new = |setting: &Setting| known.iter().all(|known| known.slot() != setting.slot());
        self.settings.extend(settings.into_iter().filter(|(setting, _)| is_new(setting)));
    }

    /// The value of a setting.
    pub(crate) fn get(&self, setting: Setting) -> Option<&str> {
        self.settings.iter().find(|(known, _)| *known == setting).map(|(_, value)| value.as_str())
    }

    fn has(&self, setting: Setting) -> bool {
        self.get(setting).is_some()
    }

    /// A setting that must be there.
    pub(crate) fn need(&self, setting: Setting) -> Result<&str> {
        self.get(setting).ok_or_else(|| {
            if let Some((name, file)) = &self.cloud {
                let (key, file) = (setting.key(), file.display());
                return Error::Usage(format!("{file}: the cloud `{name}` has no `{key}`"));
            }
            Error::Usage(format!(
                "who are you, and where? `{}` is not known: name a cloud of `clouds.yaml` with `--os-cloud NAME`, or set {}",
                setting.key(),
                setting.variable_name(),
            ))
        })
    }

    /// Whom to trust where a URL begins with `https`.
    pub(crate) fn trust(&self) -> Trust {
        Trust { cafile: self.get(Setting::CaCert).map(PathBuf::from), insecure: self.is_insecure() }
    }

    /// Whether everybody is trusted.
    pub(crate) fn is_insecure(&self) -> bool {
        self.get(Setting::Insecure) == Some("true")
    }

    /// Which of the catalog's URLs is taken.
    pub(crate) fn interface(&self) -> &str {
        let interface = self.get(Setting::Interface).unwrap_or("public");
        interface.strip_suffix("URL").unwrap_or(interface)
    }
}

#[cfg(test)]
mod tests;

//! The files that let clients in: `clouds.yaml` and `openrc`, for the administrator and for the demo user.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use adit_api::client::Credentials;
use adit_server::IdentityProvider;
use anyhow::{Context, Result, bail};

use crate::config::Config;
use crate::state::{StateDir, write_private};

/// The passwords of the users that the first start makes.
pub(crate) struct Passwords {
    pub(crate) admin: String,
    pub(crate) demo: String,
}

/// The base URL by which this machine reaches a listener.
pub(crate) fn base_url(listen: SocketAddr) -> String {
    let ip = match listen.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    format!("http://{}", SocketAddr::new(ip, listen.port()))
}

/// Writes the files of a first start.
pub(crate) fn write(state: &StateDir, base_url: &str, region: &str, passwords: &Passwords) -> Result<()> {
    let auth_url = format!("{base_url}/identity/v3");
    let admin = ("adit-admin", "admin", passwords.admin.as_str());
    let demo = ("adit", "demo", passwords.demo.as_str());
    let clouds: Vec<String> = [admin, demo].map(|user| cloud(user, &auth_url, region)).into();
    write_private(&state.file("clouds.yaml"), &format!("clouds:\n{}", clouds.concat()))?;
    for (file, (_, user, password)) in [("openrc-admin", admin), ("openrc", demo)] {
        write_private(&state.file(file), &openrc(user, password, &auth_url, region))?;
    }
    Ok(())
}

/// Lets the files of an earlier start name the address and region of this one; passwords stay.
pub(crate) fn follow(state: &StateDir, base_url: &str, region: &str) -> Result<()> {
    for file in ["clouds.yaml", "openrc-admin", "openrc"] {
        let path = state.file(file);
        let Ok(old) = fs::read_to_string(&path) else { continue };
        let new = readdressed(&old, &format!("{base_url}/identity/v3"), region);
        if new != old {
            write_private(&path, &new)?;
        }
    }
    Ok(())
}

/// The credentials of commands on this node: `OS_*` variables, or, where Adit knows the users itself, the administrator's
/// file in the state directory.
pub(crate) fn find(config: &Config) -> Result<Credentials> {
    if std::env::var_os("OS_AUTH_URL").is_some() {
        return Credentials::from_variables(|name| std::env::var(name).ok())
            .context("the OS_* variables are incomplete");
    }
    if config.identity.provider == IdentityProvider::Keystone {
        bail!(
            "identity is Keystone's: set OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME and the other OS_* \
             variables of one of its administrators, as for the `openstack` command"
        );
    }
    read(&config.state_dir.join("openrc-admin"))
        .context("no credentials; set OS_AUTH_URL and the other OS_* variables, or --state-dir")
}

/// The credentials in a file such as [`write()`] makes.
pub(crate) fn read(path: &Path) -> Result<Credentials> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let variables = |name: &str| {
        let prefix = format!("export {name}=");
        text.lines().find_map(|line| line.strip_prefix(&prefix)).map(str::to_owned)
    };
    Credentials::from_variables(variables).with_context(|| format!("{} is incomplete", path.display()))
}

fn cloud((name, user, password): (&str, &str, &str), auth_url: &str, region: &str) -> String {
    format!(
        "  {name}:
    auth:
      auth_url: {auth_url}
      username: {user}
      password: {password}
      project_name: {user}
      user_domain_name: Default
      project_domain_name: Default
    region_name: {region}
    identity_api_version: 3
"
    )
}

fn openrc(user: &str, password: &str, auth_url: &str, region: &str) -> String {
    format!(
        "export OS_AUTH_URL={auth_url}
export OS_USERNAME={user}
export OS_PASSWORD={password}
export OS_PROJECT_NAME={user}
export OS_USER_DOMAIN_NAME=Default
export OS_PROJECT_DOMAIN_NAME=Default
export OS_REGION_NAME={region}
export OS_IDENTITY_API_VERSION=3
"
    )
}

fn readdressed(text: &str, auth_url: &str, region: &str) -> String {
    let follow = |line: &str| {
        for (key, value) in [
            ("      auth_url: ", auth_url),
            ("export OS_AUTH_URL=", auth_url),
            ("    region_name: ", region),
            ("export OS_REGION_NAME=", region),
        ] {
            if line.starts_with(key) {
                return format!("{key}{value}\n");
            }
        }
        format!("{line}\n")
    };
    text.lines().map(follow).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_follow_a_new_address_and_keep_their_passwords() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::hold(dir.path()).unwrap();
        let passwords = Passwords { admin: "pa".to_owned(), demo: "pd".to_owned() };
        write(&state, "http://127.0.0.1:9696", "RegionOne", &passwords).unwrap();
        follow(&state, "http://127.0.0.1:19696", "left").unwrap();
        let config = Config { state_dir: dir.path().to_owned(), ..Config::default() };
        let found = find(&config).unwrap();
        assert_eq!(
            (found.auth_url.as_str(), found.region.as_deref()),
            ("http://127.0.0.1:19696/identity/v3", Some("left"))
        );
        assert_eq!((found.username.as_str(), found.password.as_str()), ("admin", "pa"));
        let clouds = fs::read_to_string(state.file("clouds.yaml")).unwrap();
        assert_eq!(
            clouds,
            format!(
                "clouds:\n{}{}",
                cloud(("adit-admin", "admin", "pa"), "http://127.0.0.1:19696/identity/v3", "left"),
                cloud(("adit", "demo", "pd"), "http://127.0.0.1:19696/identity/v3", "left"),
            )
        );
    }

    #[test]
    fn where_identity_is_keystones_the_file_of_an_earlier_start_is_not_taken() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::hold(dir.path()).unwrap();
        let passwords = Passwords { admin: "pa".to_owned(), demo: "pd".to_owned() };
        write(&state, "http://127.0.0.1:9696", "RegionOne", &passwords).unwrap();
        let mut config = Config { state_dir: dir.path().to_owned(), ..Config::default() };
        config.identity.provider = IdentityProvider::Keystone;
        let refused = find(&config).unwrap_err().to_string();
        assert!(refused.starts_with("identity is Keystone's: set OS_AUTH_URL"), "{refused}");
    }

    #[test]
    fn a_listener_on_every_address_is_reached_by_loopback() {
        for (listen, want) in [
            ("0.0.0.0:9696", "http://127.0.0.1:9696"),
            ("[::]:9696", "http://[::1]:9696"),
            ("192.0.2.1:80", "http://192.0.2.1:80"),
        ] {
            assert_eq!(base_url(listen.parse().unwrap()), want);
        }
    }
}

use std::fs;

use serde_json::{Value, json};

use super::options::{Given, Setting};
use super::{Access, request};

const CLOUDS: &str = "
x: &anchor
  region_name: north
clouds:
  office:
    <<: *anchor
    auth:
      auth_url: http://office/identity/v3
      username: anna
      user_domain_name: Default
      project_name: lab
      project_domain_id: default
    verify: false
  other:
    profile: public
    auth:
      application_credential_id: '0123'
    auth_type: v3applicationcredential
";

/// The body for a command line, variables and the files above.
fn body(given: &[(Setting, &str)], variables: &[(&str, &str)]) -> Result<Value, String> {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let clouds = write("clouds.yaml", CLOUDS);
    let secure = write(
        "secure.yaml",
        "clouds: {office: {auth: {password: hidden}}, other: {auth: {application_credential_secret: s}}}",
    );
    let public = write("public.yaml", "public-clouds: {public: {auth: {auth_url: http://public}}}");
    let variable = |name: &str| match name {
        "OS_CLIENT_CONFIG_FILE" => Some(clouds.clone()),
        "OS_CLIENT_SECURE_FILE" => Some(secure.clone()),
        "OS_CLIENT_VENDOR_FILE" => Some(public.clone()),
        name => variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
    };
    let settings = given.iter().map(|(setting, value)| (*setting, (*value).to_owned())).collect();
    let access = Access::find(&Given { settings }, &variable).map_err(|error| error.to_string())?;
    request::body(&access).map_err(|error| error.to_string())
}

fn by_password(user: &str, password: &str, project: Value) -> Value {
    let user = json!({"name": user, "domain": {"name": "Default"}, "password": password});
    json!({"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": {"project": project}}})
}

#[test]
fn options_win_over_variables_and_variables_over_the_cloud_that_a_variable_names() {
    let lab = json!({"name": "lab", "domain": {"id": "default"}});
    let cloud = ("OS_CLOUD", "office");
    assert_eq!(body(&[], &[cloud]).unwrap(), by_password("anna", "hidden", lab.clone()));
    assert_eq!(
        body(&[], &[cloud, ("OS_USERNAME", "bert")]).unwrap(),
        by_password("bert", "hidden", lab.clone())
    );
    assert_eq!(
        body(&[(Setting::Username, "carl")], &[cloud, ("OS_USERNAME", "bert")]).unwrap(),
        by_password("carl", "hidden", lab.clone())
    );
    // A cloud that is named on the command line is that cloud, whatever an old `openrc` left in the environment.
    let named = [(Setting::Cloud, "office")];
    assert_eq!(
        body(&named, &[("OS_USERNAME", "bert"), ("OS_PROJECT_ID", "1"), ("OS_PASSWORD", "x")]).unwrap(),
        by_password("anna", "hidden", lab)
    );
    assert_eq!(
        body(&[(Setting::Cloud, "office"), (Setting::ProjectId, "1")], &[]).unwrap(),
        by_password("anna", "hidden", json!({"id": "1"}))
    );
}

#[test]
fn every_way_to_prove_who_one_is_has_its_body() {
    let url = (Setting::AuthUrl, "http://x");
    let credential = body(&[(Setting::Cloud, "other")], &[]).unwrap();
    let want = json!({"id": "0123", "secret": "s"});
    assert_eq!(credential["auth"]["identity"]["application_credential"], want);
    assert_eq!(credential["auth"]["scope"], Value::Null);
    let token = body(&[url, (Setting::Token, "t"), (Setting::ProjectId, "1")], &[]).unwrap();
    assert_eq!(token["auth"]["identity"], json!({"methods": ["token"], "token": {"id": "t"}}));
    let of_system = body(&[url, (Setting::Token, "t"), (Setting::SystemScope, "all")], &[]).unwrap();
    assert_eq!(of_system["auth"]["scope"], json!({"system": {"all": true}}));
}

#[test]
fn what_is_missing_is_named() {
    let url = (Setting::AuthUrl, "http://x");
    for (given, variables, want) in [
        (vec![(Setting::Cloud, "nothing")], vec![], "has no cloud `nothing`, but `office`, `other`"),
        (vec![url], vec![], "`username` is not known"),
        (vec![url], vec![("OS_USERNAME", "anna")], "or set OS_PASSWORD"),
        (vec![url, (Setting::AuthType, "kerberos")], vec![], "`kerberos` is not known here"),
        (vec![url, (Setting::IdentityApiVersion, "2.0")], vec![], "version 2.0 of the Identity API"),
    ] {
        let told = body(&given, &variables).unwrap_err();
        assert!(told.contains(want), "{given:?}: {told}");
    }
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_the_file_the_cloud_and_the_key() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text, want) in [
        ("clouds.yaml", "", "has no cloud `adit`, and no other"),
        ("clouds.yaml", "clouds:\n", "has no cloud `adit`, and no other"),
        ("clouds.yaml", "clouds: {other: {}}", "has no cloud `adit`, but `other`"),
        ("clouds.yaml", "clouds: {adit: 7, other: {}}", ": the cloud `adit` must be a map"),
        ("clouds.yaml", "clouds: {adit: }", ": the cloud `adit` must be a map"),
        ("clouds.yaml", "clouds: {adit: {auth: 7}}", ": `auth` must be a map, in the cloud `adit`"),
        (
            "clouds.yaml",
            "clouds: {adit: {auth: {auth_url: [1]}}}",
            ": `auth_url` must be one text, in the cloud `adit`",
        ),
        ("clouds.yaml", "clouds: {adit: {auth: {}}}", ": the cloud `adit` has no `auth_url`"),
        ("clouds.yaml", "clouds: {adit: {auth: }}", ": the cloud `adit` has no `auth_url`"),
        ("clouds.yaml", "clouds: {adit: {auth: {auth_url: http://x}, interface: [public]}}", "http://x"),
        ("clouds.json", "{\"clouds\": {\"adit\": {\"auth\":\t{\"auth_url\": \"http://x\"}}}}", "http://x"),
        ("clouds.json", "clouds: {adit: {}}", ": expected value at line 1"),
    ] {
        let folder = dir.path().join("openstack");
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join(name);
        fs::write(&file, text).unwrap();
        let path = file.display().to_string();
        // It is named, or found where it is looked for.
        for (known, value) in
            [("OS_CLIENT_CONFIG_FILE", path.clone()), ("XDG_CONFIG_HOME", dir.path().display().to_string())]
        {
            let given = Given { settings: vec![(Setting::Cloud, "adit".to_owned())] };
            let found = Access::find(&given, &|name| (name == known).then(|| value.clone()));
            let got = found.and_then(|access| access.need(Setting::AuthUrl).map(str::to_owned));
            let got = got.unwrap_or_else(|error| error.to_string());
            assert!(got.contains(want), "{known} {text}: {got}");
            assert!(got == want || got.starts_with(&path), "{known} {text}: {got}");
        }
        fs::remove_file(file).unwrap();
    }
}

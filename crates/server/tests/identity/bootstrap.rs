//! What a first start makes.

use crate::common::bootstrap;
use crate::support::Server;

#[tokio::test]
async fn a_bootstrap_may_be_repeated() {
    let server = Server::start().await;
    assert!(server.http.app.is_bootstrapped().await.unwrap());
    let before = server.admin().await;
    let again = server.http.app.bootstrap(bootstrap()).await.unwrap();
    assert_eq!(again, server.ids);
    assert_eq!(server.get(&before, "/projects").await.status, 401);
    let admin = server.admin().await;
    let names = async |plural: &str| {
        let list = server.get(&admin, &format!("/{plural}")).await;
        let mut names: Vec<String> = list.body[plural]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort_unstable();
        names.join(" ")
    };
    assert_eq!(names("projects").await, "admin demo");
    assert_eq!(names("users").await, "admin demo");
    assert_eq!(names("roles").await, "admin manager member reader service");
    assert_eq!(names("domains").await, "Default");
}

//! The extensions that the VPN resources stand behind, word for word.

use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn the_aliases_of_vpn_are_announced() {
    let world = World::start().await;
    let listed = world.get(&world.reader, "extensions").await;
    for (alias, name, description, updated) in [
        ("vpnaas", "VPN service", "Extension for VPN service", "2013-05-29T10:00:00-00:00"),
        (
            "vpn-endpoint-groups",
            "VPN Endpoint Groups",
            "VPN endpoint groups support",
            "2015-08-04T10:00:00-00:00",
        ),
        (
            "vpn-flavors",
            "VPN Service Flavor Extension",
            "Flavor support for vpnservices.",
            "2017-04-19T00:00:00-00:00",
        ),
        (
            "vpn-aes-ctr",
            "VPN support for AES CTR mode",
            "Add AES CTR choices for encryption algorithm",
            "2024-01-09T09:00:00-00:00",
        ),
        (
            "vpn-aes-ccm-gcm",
            "VPN support for AES CCM, GCM modes",
            "Add choices for encryption, auth and pfs",
            "2023-10-24T11:00:00-00:00",
        ),
        (
            "service-type",
            "Neutron Service Type Management",
            "API for retrieving service providers for Neutron advanced services",
            "2013-01-20T00:00:00-00:00",
        ),
        (
            "flavors",
            "Neutron Service Flavors",
            "Flavor specification for Neutron advanced services.",
            "2015-09-17T10:00:00-00:00",
        ),
    ] {
        let want = json!({"name": name, "alias": alias, "description": description, "updated": updated, "links": []});
        let one = world.get(&world.demo, &format!("extensions/{alias}")).await;
        assert_eq!(one, json!({"extension": want}));
        assert!(listed["extensions"].as_array().unwrap().contains(&want), "{alias}");
    }
    // sha1 and 3des are still there, so this is not.
    let gone = world.ask("demo GET extensions/vpn-no-sha1-3des", &Value::Null).await;
    assert_eq!(gone.status, 404);
}

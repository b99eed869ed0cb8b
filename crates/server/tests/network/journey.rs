//! The left side of the journey, as the documents walk it.

use insta::assert_json_snapshot;
use serde_json::json;

use crate::common::cloud::Cloud;

#[tokio::test]
async fn the_left_side_of_the_journey() {
    let mut cloud = Cloud::start().await;
    cloud.external().await;
    let demo = cloud.demo.clone();

    let network = cloud.create(&demo, "network", "left", json!({"admin_state_up": true})).await;
    assert_json_snapshot!(cloud.shown(&network), @r#"
    {
      "id": "{left}",
      "name": "left",
      "project_id": "{demo project}",
      "admin_state_up": true,
      "mtu": 1500,
      "status": "ACTIVE",
      "subnets": [],
      "shared": false,
      "port_security_enabled": true,
      "dns_domain": "",
      "router:external": false,
      "is_default": false,
      "availability_zone_hints": [],
      "availability_zones": [],
      "ipv4_address_scope": null,
      "ipv6_address_scope": null,
      "description": "",
      "tags": [],
      "created_at": "TIME",
      "updated_at": "TIME",
      "revision_number": 1,
      "tenant_id": "{demo project}"
    }
    "#);
    let attributes = json!({"gateway_ip": "10.1.0.1", "dns_nameservers": ["8.8.8.8"]});
    let subnet = cloud.subnet(&demo, "left", "left-subnet", "10.1.0.0/24", attributes).await;
    assert_json_snapshot!(cloud.shown(&subnet), @r#"
    {
      "id": "{left-subnet}",
      "name": "left-subnet",
      "project_id": "{demo project}",
      "network_id": "{left}",
      "ip_version": 4,
      "subnetpool_id": null,
      "enable_dhcp": true,
      "ipv6_ra_mode": null,
      "ipv6_address_mode": null,
      "gateway_ip": "10.1.0.1",
      "cidr": "10.1.0.0/24",
      "allocation_pools": [
        {
          "start": "10.1.0.2",
          "end": "10.1.0.254"
        }
      ],
      "host_routes": [],
      "dns_nameservers": [
        "8.8.8.8"
      ],
      "description": "",
      "router:external": false,
      "service_types": [],
      "tags": [],
      "created_at": "TIME",
      "updated_at": "TIME",
      "revision_number": 1,
      "tenant_id": "{demo project}"
    }
    "#);
    let router = cloud.create(&demo, "router", "left-router", json!({"admin_state_up": true})).await;
    assert_json_snapshot!(cloud.shown(&router), @r#"
    {
      "id": "{left-router}",
      "name": "left-router",
      "project_id": "{demo project}",
      "admin_state_up": true,
      "status": "ACTIVE",
      "external_gateway_info": null,
      "description": "",
      "availability_zones": [],
      "availability_zone_hints": [],
      "routes": [],
      "flavor_id": null,
      "tags": [],
      "created_at": "TIME",
      "updated_at": "TIME",
      "revision_number": 1,
      "tenant_id": "{demo project}"
    }
    "#);
    let groups = cloud.get(&demo, "security-groups").await;
    let default = groups["security_groups"][0]["id"].as_str().unwrap().to_owned();
    cloud.ids.insert("default group".to_owned(), default);
    let fixed_ips = json!([{"ip_address": "10.1.0.10"}]);
    let port = cloud
        .create(&demo, "port", "left-port", json!({"network_id": "{left}", "fixed_ips": fixed_ips}))
        .await;
    assert_json_snapshot!(cloud.shown(&port), {".mac_address" => "MAC"}, @r#"
    {
      "id": "{left-port}",
      "name": "left-port",
      "network_id": "{left}",
      "project_id": "{demo project}",
      "mac_address": "MAC",
      "admin_state_up": true,
      "status": "DOWN",
      "device_id": "",
      "device_owner": "",
      "fixed_ips": [
        {
          "subnet_id": "{left-subnet}",
          "ip_address": "10.1.0.10"
        }
      ],
      "port_security_enabled": true,
      "security_groups": [
        "{default group}"
      ],
      "binding:vnic_type": "normal",
      "allowed_address_pairs": [],
      "extra_dhcp_opts": [],
      "description": "",
      "tags": [],
      "created_at": "TIME",
      "updated_at": "TIME",
      "revision_number": 1,
      "tenant_id": "{demo project}"
    }
    "#);
    assert!(port["mac_address"].as_str().unwrap().starts_with("fa:16:3e:"));

    // A port that becomes an interface keeps its own address, whatever the subnet's gateway is.
    let added = cloud
        .put(&demo, "routers/{left-router}/add_router_interface", json!({"port_id": "{left-port}"}))
        .await;
    assert_json_snapshot!(cloud.shown(&added), @r#"
    {
      "id": "{left-router}",
      "project_id": "{demo project}",
      "tenant_id": "{demo project}",
      "port_id": "{left-port}",
      "network_id": "{left}",
      "subnet_id": "{left-subnet}",
      "subnet_ids": [
        "{left-subnet}"
      ]
    }
    "#);
    let port = &cloud.get(&demo, "ports/{left-port}").await["port"];
    let shown = ["device_id", "device_owner", "name", "status"].map(|key| cloud.shown(&port[key]));
    assert_eq!(shown, ["{left-router}", "network:router_interface", "left-port", "DOWN"]);
    assert_eq!(port["fixed_ips"][0]["ip_address"], "10.1.0.10");

    let gateway = json!({"router": {"external_gateway_info": {"network_id": "{ext}"}}});
    let router = cloud.put(&demo, "routers/{left-router}", gateway).await["router"].clone();
    let info = &router["external_gateway_info"];
    let address = info["external_fixed_ips"][0]["ip_address"].as_str().unwrap();
    let last: u8 = address.strip_prefix("195.192.128.").unwrap().parse().unwrap();
    assert!((100..=200).contains(&last), "{address}");
    assert_json_snapshot!(cloud.shown(info), {".external_fixed_ips[].ip_address" => "ADDRESS"}, @r#"
    {
      "network_id": "{ext}",
      "external_fixed_ips": [
        {
          "subnet_id": "{ext-subnet}",
          "ip_address": "ADDRESS"
        }
      ],
      "enable_snat": true
    }
    "#);

    // What the gateway needs is nobody's business but the administrator's.
    let gateway_ports = "ports?device_owner=network%3Arouter_gateway&fields=project_id&fields=device_id";
    assert_eq!(cloud.get(&demo, gateway_ports).await, json!({"ports": []}));
    let seen = cloud.get(&cloud.admin, gateway_ports).await;
    assert_eq!(cloud.shown(&seen), json!({"ports": [{"project_id": "", "device_id": "{left-router}"}]}));
}

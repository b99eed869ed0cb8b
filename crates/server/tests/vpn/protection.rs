//! What VPN uses must not be pulled away under it.

use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn what_a_connection_stands_on_stays_until_it_is_gone() {
    let mut world = World::with_parts().await;
    world.connect("conn", json!({})).await;
    let no_gateway = json!({"router": {"external_gateway_info": {}}});
    let remove = "demo PUT routers/{router}/remove_router_interface";
    let interface = json!({"subnet_id": "{subnet}"});
    world.check([
        ("demo PUT routers/{router}", no_gateway.clone(), "409 RouterInUse Router {router} is currently used by VPN services ({service},{subnet-service})"),
        (remove, interface.clone(), "409 SubnetInUseByIPsecSiteConnection Subnet {subnet} is used by ipsec site connection {conn}"),
        ("demo DELETE vpn/ipsec-site-connections/{conn}", Value::Null, "204"),
        (remove, interface.clone(), "409 SubnetInUseByVPNService Subnet {subnet} is used by VPNService {subnet-service}"),
        ("demo DELETE vpn/vpnservices/{subnet-service}", Value::Null, "204"),
        ("demo PUT routers/{router}", no_gateway.clone(), "409 RouterInUse Router {router} is currently used by VPN service ({service})"),
        ("demo DELETE vpn/vpnservices/{service}", Value::Null, "204"),
        (remove, interface, "200"),
        ("demo PUT routers/{router}", no_gateway, "200"),
        ("demo DELETE subnets/{subnet}", Value::Null, "409 SubnetInUse Unable to complete operation on subnet {subnet}: Subnet {subnet} is used by endpoint group {local}."),
        ("demo DELETE vpn/endpoint-groups/{local}", Value::Null, "204"),
        ("demo DELETE subnets/{subnet}", Value::Null, "204"),
    ]).await;
}

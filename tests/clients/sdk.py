"""Uses a cloud through openstacksdk as programs do: the network proxy, the cloud layer and the identity proxy.

It asks the clouds `adit` (a member of a project) and `adit-admin` of `clouds.yaml`, fails with the first answer that is
not as it should be, and leaves nothing behind. The last line tells how many answers were compared.
"""

import sys
import warnings

warnings.simplefilter("ignore")

import openstack  # noqa: E402
from openstack import exceptions  # noqa: E402

compared = 0


def same(got, want, what):
    global compared
    compared += 1
    if got != want:
        sys.exit(f"{what}: got {got!r}, want {want!r}")


def fields(resource, **wanted):
    for name, want in wanted.items():
        same(getattr(resource, name), want, f"{name} of {resource.__class__.__name__} {resource.id}")


def ids(resources):
    return sorted(resource.id for resource in resources)


def refused(error, call, *arguments, said="", **named):
    try:
        call(*arguments, **named)
    except error as refusal:
        same(said in str(refusal), True, f"`{said}` in `{refusal}`")
    else:
        sys.exit(f"{call.__name__} was not refused")


def life(proxy, noun, changes, finds_by_name=True, plural=None, **attributes):
    """Creates, gets, finds, lists and updates something by the methods of its noun, and returns it."""
    plural = plural or f"{noun}s"
    made = getattr(proxy, f"create_{noun}")(**attributes)
    get = getattr(proxy, f"get_{noun}")
    same(get(made.id).to_dict(), made.to_dict(), f"{noun}, made and got")
    if finds_by_name:
        find = getattr(proxy, f"find_{noun}")
        same(find(made.name).id, made.id, f"{noun} found by name")
        same(find(made.id).id, made.id, f"{noun} found by id")
        same(find("nothing"), None, f"no {noun} of that name")
        same(ids(getattr(proxy, plural)(name=made.name)), [made.id], f"{plural} of that name")
        same(ids(getattr(proxy, plural)(name="nothing")), [], f"no {plural} of that name")
        refused(exceptions.NotFoundException, find, "nothing", ignore_missing=False)
    refused(exceptions.NotFoundException, get, "00000000-0000-4000-8000-000000000000")
    same(made.id in ids(getattr(proxy, plural)()), True, f"{noun} is listed")
    updated = getattr(proxy, f"update_{noun}")(made.id, **changes)
    fields(updated, **changes)
    fields(get(made.id), **changes)
    return updated


def gone(proxy, noun, resource):
    getattr(proxy, f"delete_{noun}")(resource.id, ignore_missing=False)
    refused(exceptions.NotFoundException, getattr(proxy, f"get_{noun}"), resource.id)
    # A second time is as good.
    getattr(proxy, f"delete_{noun}")(resource.id)


def topology(network, external):
    """A router with a gateway and a subnet, every resource on the way tried."""
    office = life(network, "network", {"description": "first", "mtu": 1400}, name="office", is_admin_state_up=True)
    fields(office, status="ACTIVE", is_router_external=False, is_shared=False, is_port_security_enabled=True)
    desks = life(
        network, "subnet", {"dns_nameservers": ["9.9.9.9"], "is_dhcp_enabled": False}, name="desks", network_id=office.id,
        ip_version=4, cidr="10.1.0.0/24", allocation_pools=[{"start": "10.1.0.50", "end": "10.1.0.99"}],
        host_routes=[{"destination": "10.9.0.0/24", "nexthop": "10.1.0.9"}],
    )
    fields(desks, gateway_ip="10.1.0.1", cidr="10.1.0.0/24", ip_version=4)
    same(network.get_network(office.id).subnet_ids, [desks.id], "subnets of the network")
    printer = life(
        network, "port", {"name": "scanner"}, name="printer", network_id=office.id,
        fixed_ips=[{"subnet_id": desks.id, "ip_address": "10.1.0.77"}],
    )
    fields(printer, fixed_ips=[{"subnet_id": desks.id, "ip_address": "10.1.0.77"}], status="DOWN")
    same(ids(network.ports(network_id=office.id, fixed_ips=["ip_address=10.1.0.77"])), [printer.id], "ports by address")
    gateway = life(network, "router", {"description": "to the world"}, name="gateway", is_admin_state_up=True)
    added = network.add_interface_to_router(gateway, subnet_id=desks.id)
    same(added["subnet_id"], desks.id, "the interface's subnet")
    same(network.get_port(added["port_id"]).device_owner, "network:router_interface", "the interface's owner")
    gateway = network.update_router(gateway, external_gateway_info={"network_id": external.id})
    same(gateway.external_gateway_info["network_id"], external.id, "the gateway's network")
    route = {"destination": "10.8.0.0/24", "nexthop": "10.1.0.77"}
    fields(network.add_extra_routes_to_router(gateway, {"router": {"routes": [route]}}), routes=[route])
    fields(network.remove_extra_routes_from_router(gateway, {"router": {"routes": [route]}}), routes=[])
    for resource in (office, desks, printer, gateway):
        fields(network.set_tags(resource, ["one", "two"]), tags=["one", "two"])
    same(ids(network.networks(tags="one,two")), [office.id], "networks by tags")
    same(ids(network.networks(not_tags="one")), [external.id], "networks without a tag")
    same(ids(network.ports(limit=1)), ids(network.ports()), "pages of ports, put together")
    refused(exceptions.ConflictException, network.delete_router, gateway.id, said="still attached")
    refused(exceptions.BadRequestException, network.create_subnet, network_id=office.id, ip_version=4, cidr="10.1.0.0/33")
    refused(exceptions.ForbiddenException, network.create_network, name="mine", is_shared=True, said="disallowed by policy")
    revision = network.get_network(office.id).revision_number
    fields(network.update_network(office.id, if_revision=revision, description="second"), description="second")
    refused(
        exceptions.PreconditionFailedException, network.update_network, office.id, if_revision=revision, description="third"
    )
    return office, desks, printer, gateway


def floating(network, external, printer):
    ip = network.create_ip(floating_network_id=external.id, port_id=printer.id)
    fields(ip, fixed_ip_address="10.1.0.77", port_id=printer.id, floating_network_id=external.id)
    same(network.find_ip(ip.floating_ip_address).id, ip.id, "a floating IP by its address")
    same(ids(network.ips(port_id=printer.id)), [ip.id], "floating IPs of a port")
    fields(network.update_ip(ip, port_id=None), port_id=None, fixed_ip_address=None)
    same(network.find_available_ip().id, ip.id, "a free one")
    gone(network, "ip", ip)


def security(network, printer):
    same(len(list(network.security_groups(name="default"))), 1, "each project has a group")
    group = life(network, "security_group", {"description": "for the web"}, name="web")
    rule = network.create_security_group_rule(
        security_group_id=group.id, direction="ingress", ether_type="IPv4", protocol="tcp", port_range_min=80,
        port_range_max=443, remote_ip_prefix="0.0.0.0/0",
    )
    fields(rule, protocol="tcp", port_range_min=80, port_range_max=443, direction="ingress")
    same(ids(network.security_group_rules(security_group_id=group.id, direction="ingress")), [rule.id], "rules")
    fields(network.update_port(printer, security_group_ids=[group.id]), security_group_ids=[group.id])
    refused(exceptions.ConflictException, network.delete_security_group, group.id, said="in use")
    network.update_port(printer, security_group_ids=[])
    gone(network, "security_group_rule", rule)
    gone(network, "security_group", group)


def vpn(network, desks, gateway):
    ike = life(
        network, "vpn_ike_policy", {"ike_version": "v2", "lifetime": {"units": "seconds", "value": 7200}},
        plural="vpn_ike_policies", name="ike", auth_algorithm="sha256", encryption_algorithm="aes-256", pfs="group14",
    )
    fields(ike, auth_algorithm="sha256", phase1_negotiation_mode="main", pfs="group14")
    ipsec = life(
        network, "vpn_ipsec_policy", {"pfs": "group14"}, plural="vpn_ipsec_policies", name="ipsec", transform_protocol="esp"
    )
    fields(ipsec, auth_algorithm="sha1", encryption_algorithm="aes-128", encapsulation_mode="tunnel")
    service = life(network, "vpn_service", {"description": "ours"}, name="vpn", router_id=gateway.id)
    fields(service, router_id=gateway.id, subnet_id=None, flavor_id=None, is_admin_state_up=True)
    same(service.external_v4_ip, gateway.external_gateway_info["external_fixed_ips"][0]["ip_address"], "the gateway's address")
    here = life(network, "vpn_endpoint_group", {"name": "here"}, name="local", type="subnet", endpoints=[desks.id])
    there = life(
        network, "vpn_endpoint_group", {"description": "both"}, name="there", type="cidr",
        endpoints=["10.2.0.0/24", "10.3.0.0/24"],
    )
    fields(there, endpoints=["10.2.0.0/24", "10.3.0.0/24"], type="cidr")
    connection = life(
        network, "vpn_ipsec_site_connection", {"mtu": 1400, "peer_address": "192.0.2.10"}, name="conn", psk="hunter2",
        vpnservice_id=service.id, ikepolicy_id=ike.id, ipsecpolicy_id=ipsec.id, peer_address="192.0.2.9",
        peer_id="192.0.2.9", local_ep_group_id=here.id, peer_ep_group_id=there.id, initiator="response-only",
        dpd={"action": "restart", "interval": 20, "timeout": 60},
    )
    fields(
        connection, psk="hunter2", initiator="response-only", dpd={"action": "restart", "interval": 20, "timeout": 60},
        peer_cidrs=[], route_mode="static", auth_mode="psk",
    )
    same(network.get_vpn_service(service.id).status in ("DOWN", "PENDING_CREATE"), True, "no agent is there")
    more = [network.create_vpn_ike_policy(name=f"more-{number}") for number in range(5)]
    same(ids(network.vpn_ike_policies(limit=2)), ids([ike, *more]), "pages of IKE policies, put together")
    for policy in more:
        gone(network, "vpn_ike_policy", policy)
    for noun, resource, why in (
        ("vpn_ike_policy", ike, "in use"), ("vpn_ipsec_policy", ipsec, "in use"), ("vpn_service", service, "in use"),
        ("subnet", desks, ""), ("router", gateway, ""),
    ):
        refused(exceptions.ConflictException, getattr(network, f"delete_{noun}"), resource.id, said=why)
    refused(exceptions.HttpException, network.delete_vpn_endpoint_group, here.id, said="in use")
    refused(exceptions.BadRequestException, network.create_vpn_endpoint_group, name="bad", type="cidr", endpoints=["10.2.0.0/33"])
    for noun, resource in (
        ("vpn_ipsec_site_connection", connection), ("vpn_endpoint_group", here), ("vpn_endpoint_group", there),
        ("vpn_service", service), ("vpn_ipsec_policy", ipsec), ("vpn_ike_policy", ike),
    ):
        gone(network, noun, resource)


def service(network, admin, project):
    """What the service tells of itself, quotas, flavors."""
    aliases = {extension.alias for extension in network.extensions()}
    same({"vpnaas", "vpn-endpoint-groups", "router", "quotas", "standard-attr-tag", "revision-if-match"} <= aliases, True, "extensions")
    same(network.find_extension("vpnaas").name, "VPN service", "an extension by alias")
    same([(p.service_type, p.name, p.is_default) for p in network.service_providers(service_type="VPN")], [("VPN", "strongswan", True)], "providers")
    same(list(admin.agents()), [], "no agent is there")
    same(list(network.availability_zones()), [], "so there is no zone")
    fields(network.get_quota(project), networks=100, routers=10, subnets=100)
    fields(admin.update_quota(project, networks=200), networks=200)
    fields(network.get_quota(project, details=True), networks={"limit": 200, "used": 0, "reserved": 0})
    same([quota.networks for quota in admin.quotas()], [200], "projects with quotas of their own")
    admin.delete_quota(project)
    fields(network.get_quota_default(project), networks=100)
    fields(network.get_quota(project), networks=100)
    refused(exceptions.ForbiddenException, network.update_quota, project, networks=300)
    profile = life(admin, "service_profile", {"description": "d"}, finds_by_name=False, meta_info="{}")
    flavor = life(admin, "flavor", {"description": "d"}, name="gold", service_type="VPN")
    admin.associate_flavor_with_service_profile(flavor, profile)
    same(admin.get_flavor(flavor.id).service_profile_ids, [profile.id], "profiles of a flavor")
    admin.disassociate_flavor_from_service_profile(flavor, profile)
    gone(admin, "flavor", flavor)
    gone(admin, "service_profile", profile)


def availability(admin, external):
    use = admin.get_network_ip_availability(external.id)
    same((use.network_name, use.used_ips, use.total_ips > 200), ("ext-net", 0, True), "addresses in use")


def cloud_layer(cloud, admin):
    """The methods that do not tell of services."""
    office = cloud.create_network("cloud-office")
    same(cloud.get_network("cloud-office").id, office.id, "get_network")
    same(ids(cloud.search_networks("cloud-office")), [office.id], "search_networks")
    same(cloud.update_network("cloud-office", name="cloud-lab").name, "cloud-lab", "update_network")
    desks = cloud.create_subnet("cloud-lab", cidr="10.5.0.0/24", subnet_name="cloud-desks", dns_nameservers=["9.9.9.9"])
    same(cloud.get_subnet("cloud-desks").id, desks.id, "get_subnet")
    same(cloud.update_subnet("cloud-desks", disable_gateway_ip=True).gateway_ip, None, "update_subnet")
    same(cloud.update_subnet("cloud-desks", gateway_ip="10.5.0.1").gateway_ip, "10.5.0.1", "update_subnet")
    external = cloud.get_network("ext-net")
    router = cloud.create_router("cloud-router", ext_gateway_net_id=external.id)
    cloud.add_router_interface(router, subnet_id=desks.id)
    same(len(cloud.list_router_interfaces(router, "internal")), 1, "list_router_interfaces")
    same(cloud.update_router("cloud-router", name="cloud-gateway").name, "cloud-gateway", "update_router")
    port = cloud.create_port(office.id, name="cloud-port", fixed_ips=[{"ip_address": "10.5.0.77"}])
    same(cloud.get_port("cloud-port").fixed_ips[0]["ip_address"], "10.5.0.77", "get_port")
    same(cloud.update_port("cloud-port", name="cloud-plug").name, "cloud-plug", "update_port")
    same([network.name for network in cloud.get_external_ipv4_floating_networks()], ["ext-net"], "external networks")
    ip = cloud.create_floating_ip(network="ext-net", port=port.id, fixed_address="10.5.0.77")
    same(cloud.get_floating_ip(ip.id).fixed_ip_address, "10.5.0.77", "get_floating_ip")
    same(cloud.delete_floating_ip(ip.id), True, "delete_floating_ip")
    free = cloud.available_floating_ip(network="ext-net")
    same(free.status, "DOWN", "available_floating_ip")
    same(cloud.delete_unattached_floating_ips(), 1, "delete_unattached_floating_ips")
    same(cloud.remove_router_interface(router, subnet_id=desks.id), None, "remove_router_interface")
    for delete, name in (
        (cloud.delete_port, "cloud-plug"), (cloud.delete_router, "cloud-gateway"), (cloud.delete_subnet, "cloud-desks"),
        (cloud.delete_network, "cloud-lab"),
    ):
        same((delete(name), delete(name)), (True, False), f"{delete.__name__}, twice")
    same(admin.get_network_quotas("demo").networks, 100, "get_network_quotas")
    admin.set_network_quotas("demo", network=7)
    same(admin.get_network_quotas("demo").networks, 7, "set_network_quotas")
    admin.delete_network_quotas("demo")
    same(admin.get_network_quotas("demo").networks, 100, "delete_network_quotas")


def cloud_security_groups(cloud):
    group = cloud.create_security_group("cloud-web", "of the cloud layer")
    rule = cloud.create_security_group_rule("cloud-web", port_range_min=80, port_range_max=80, protocol="tcp", remote_ip_prefix="0.0.0.0/0")
    same(cloud.get_security_group("cloud-web").id, group.id, "get_security_group")
    same(cloud.update_security_group("cloud-web", description="other").description, "other", "update_security_group")
    same(cloud.delete_security_group_rule(rule["id"]), True, "delete_security_group_rule")
    same(cloud.delete_security_group("cloud-web"), True, "delete_security_group")


def identity(admin, member):
    """Projects, users and roles, made, used and removed."""
    project = admin.create_project("office", "default", description="d")
    same(admin.get_project("office").id, project.id, "get_project")
    same(admin.update_project("office", description="e").description, "e", "update_project")
    user = admin.create_user("anna", password="secret", email="anna@example.org", default_project="office", domain_id="default")
    same(admin.get_user("anna").email, "anna@example.org", "get_user")
    same(admin.grant_role("member", user="anna", project="office"), True, "grant_role")
    assignments = admin.list_role_assignments({"user": user.id, "project": project.id})
    same(len(list(assignments)), 1, "list_role_assignments")
    anna = admin.connect_as(username="anna", password="secret", project_id=project.id, project_name=None, user_domain_name="Default")
    same((anna.current_project_id, list(anna.network.networks(is_router_external=False))), (project.id, []), "her project")
    same(ids(anna.identity.user_projects(user.id)), [project.id], "the projects that she sees")
    refused(exceptions.ForbiddenException, anna.identity.create_project, name="mine", said="identity:create_project")
    credential = anna.identity.create_application_credential(user.id, name="robot", secret="of-a-robot")
    same([one.name for one in anna.identity.application_credentials(user.id)], ["robot"], "her credentials")
    robot = openstack.connect(
        auth_type="v3applicationcredential", region_name="RegionOne",
        auth={"auth_url": admin.auth["auth_url"], "application_credential_id": credential.id, "application_credential_secret": "of-a-robot"},
    )
    same(robot.current_project_id, project.id, "the project of the robot")
    anna.identity.delete_application_credential(user.id, credential.id)
    same(admin.revoke_role("member", user="anna", project="office"), True, "revoke_role")
    same((admin.delete_user("anna"), admin.delete_project("office")), (True, True), "removed")
    same([domain.name for domain in admin.list_domains()], ["Default"], "domains")
    same({service.type for service in admin.list_services()}, {"identity", "network"}, "services")
    same({endpoint.interface for endpoint in admin.list_endpoints()}, {"public", "internal", "admin"}, "endpoints")
    same([region.id for region in admin.identity.regions()], ["RegionOne"], "regions")
    same({"admin", "member", "reader"} <= {role.name for role in admin.list_roles()}, True, "roles")
    role = admin.create_role("auditor")
    same(admin.get_role("auditor").id, role.id, "get_role")
    same(admin.delete_role("auditor"), True, "delete_role")
    same([project.name for project in member.identity.user_projects(member.current_user_id)], ["demo"], "a member's projects")


def main():
    cloud, admin_cloud = openstack.connect("adit"), openstack.connect("adit-admin")
    network, admin = cloud.network, admin_cloud.network
    external = life(admin, "network", {"description": "outside"}, name="ext-net", is_router_external=True)
    outside = admin.create_subnet(name="ext-subnet", network_id=external.id, ip_version=4, cidr="203.0.113.0/24", is_dhcp_enabled=False)
    availability(admin, external)
    service(network, admin, cloud.current_project_id)
    office, desks, printer, gateway = topology(network, external)
    floating(network, external, printer)
    security(network, printer)
    vpn(network, desks, gateway)
    cloud_layer(cloud, admin_cloud)
    cloud_security_groups(cloud)
    network.update_router(gateway, external_gateway_info={})
    network.remove_interface_from_router(gateway, subnet_id=desks.id)
    for noun, resource in (("port", printer), ("router", gateway), ("subnet", desks), ("network", office)):
        gone(network, noun, resource)
    gone(admin, "subnet", outside)
    gone(admin, "network", external)
    for kind in (admin.networks, admin.subnets, admin.ports, admin.routers, admin.ips):
        same(list(kind()), [], "nothing is left")
    identity(admin_cloud, cloud)
    print(f"{compared} answers compared")


main()

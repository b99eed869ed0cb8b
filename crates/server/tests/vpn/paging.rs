//! Pages of lists, and the links between them.

use serde_json::{Value, json};

use crate::world::World;

const PATH: &str = "vpn/ikepolicies";

/// Five policies, made in the order e, d, c, b, a; and `{theirs}`, of another project.
async fn world() -> World {
    let mut world = World::start().await;
    for name in ["e", "d", "c", "b", "a"] {
        world.make(PATH, name, json!({})).await;
    }
    let theirs = world.ask(&format!("stranger POST {PATH}"), &json!({"ikepolicy": {}})).await;
    world.ids.insert("theirs".to_owned(), theirs.body["ikepolicy"]["id"].as_str().unwrap().to_owned());
    world
}

/// The names on a page, and its links: which way, and what is in their query besides the page's own.
fn page(world: &World, body: &Value, query: &str) -> (String, String) {
    let names: Vec<&str> = body["ikepolicies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|policy| policy["name"].as_str().unwrap())
        .collect();
    let own = format!("http://localhost/networking/v2.0/{PATH}?{query}");
    let links = body["ikepolicies_links"].as_array().into_iter().flatten().map(|link| {
        let href = world.with_names(link["href"].as_str().unwrap());
        let more = href.strip_prefix(&own).unwrap_or_else(|| panic!("{href} does not begin with {own}"));
        format!("{} {}", link["rel"].as_str().unwrap(), more.trim_start_matches('&')).trim().to_owned()
    });
    (names.join(" "), links.collect::<Vec<_>>().join(", "))
}

#[tokio::test]
async fn pages_follow_one_another_both_ways() {
    let world = world().await;
    // The part of the query that links repeat, the part that they replace, the page, its links.
    for (kept, replaced, names, links) in [
        ("fields=name", "", "e d c b a", ""),
        ("limit=0", "", "e d c b a", ""),
        ("limit=5", "", "e d c b a", "next marker={a}, previous marker={e}&page_reverse=True"),
        ("limit=6", "", "e d c b a", "previous marker={e}&page_reverse=True"),
        ("limit=2", "", "e d", "next marker={d}, previous marker={e}&page_reverse=True"),
        ("limit=2", "marker={d}", "c b", "next marker={b}, previous marker={c}&page_reverse=True"),
        ("limit=2", "marker={b}", "a", "previous marker={a}&page_reverse=True"),
        // A full last page leads to an empty one, whose link back starts at the end.
        ("limit=1", "marker={b}", "a", "next marker={a}, previous marker={a}&page_reverse=True"),
        ("limit=2", "marker={a}", "", "previous page_reverse=True"),
        ("limit=2", "page_reverse=True", "b a", "next marker={a}, previous marker={b}&page_reverse=True"),
        ("limit=2", "page_reverse=true", "b a", "next marker={a}, previous marker={b}&page_reverse=True"),
        ("limit=2", "page_reverse=false", "e d", "next marker={d}, previous marker={e}&page_reverse=True"),
        (
            "limit=2",
            "marker={c}&page_reverse=True",
            "e d",
            "next marker={d}, previous marker={e}&page_reverse=True",
        ),
        ("limit=2", "marker={d}&page_reverse=True", "e", "next marker={e}"),
        ("limit=2", "marker={e}&page_reverse=True", "", "next"),
        (
            "limit=2&sort_key=name&sort_dir=asc",
            "",
            "a b",
            "next marker={b}, previous marker={a}&page_reverse=True",
        ),
        (
            "limit=2&sort_key=name&sort_dir=asc",
            "marker={b}",
            "c d",
            "next marker={d}, previous marker={c}&page_reverse=True",
        ),
        ("limit=2&sort_key=name&sort_dir=desc", "marker={b}", "a", "previous marker={a}&page_reverse=True"),
        // All have the same project: then it is age that decides.
        (
            "limit=2&sort_key=project_id&sort_dir=desc",
            "marker={d}",
            "c b",
            "next marker={b}, previous marker={c}&page_reverse=True",
        ),
        ("limit=1&name=a&name=c", "", "c", "next marker={c}, previous marker={c}&page_reverse=True"),
        (
            "limit=1&name=a&name=c",
            "marker={c}",
            "a",
            "next marker={a}, previous marker={a}&page_reverse=True",
        ),
    ] {
        let query =
            [kept, replaced].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("&");
        let answer = world.ask(&format!("demo GET {PATH}?{query}"), &Value::Null).await;
        assert_eq!(answer.status, 200, "{query} {}", answer.body);
        let want = (names.to_owned(), links.to_owned());
        assert_eq!(page(&world, &answer.body, kept), want, "{query}");
        assert_eq!(answer.body.get("ikepolicies_links").is_some(), !links.is_empty(), "{query}");
    }
}

/// The reference answers an empty page, and a client that follows pages believes that it has seen everything.
#[tokio::test]
async fn a_marker_that_is_not_in_the_list_is_refused() {
    let mut world = world().await;
    world.delete(&world.demo, &format!("{PATH}/{{c}}")).await;
    for (query, marker) in [
        ("limit=2", "nope"),
        // Gone since, of somebody else, and left out by a filter: all the same.
        ("limit=2", "{c}"),
        ("limit=2", "{theirs}"),
        ("limit=2&page_reverse=True", "{theirs}"),
        ("limit=2&name=a", "{b}"),
        ("limit=0", "nope"),
        ("fields=id", "{theirs}"),
        ("name=a", "{b}"),
    ] {
        let want = format!("400 BadRequest Bad marker request: '{marker}' is not an object of the list.");
        let request = format!("demo GET {PATH}?{query}&marker={marker}");
        world.check([(request.as_str(), Value::Null, want.as_str())]).await;
    }
    // Without a limit there are no pages, and a marker that is good does nothing.
    let all = world.get(&world.demo, &format!("{PATH}?marker={{b}}")).await;
    assert_eq!(page(&world, &all, "").0, "e d b a");
    for limit in ["-1", "x", "1.5", ""] {
        let want = format!(
            "400 BadRequest Bad limit request: Limit must be an integer 0 or greater and not '{limit}'."
        );
        let request = format!("demo GET {PATH}?limit={limit}");
        world.check([(request.as_str(), Value::Null, want.as_str())]).await;
    }
    world.add_parts().await;
    world.connect("conn", json!({})).await;
    for path in ["vpn/vpnservices", "vpn/ipsecpolicies", "vpn/endpoint-groups", "vpn/ipsec-site-connections"]
    {
        let want = "400 BadRequest Bad marker request: 'nope' is not an object of the list.";
        world.check([(format!("demo GET {path}?limit=1&marker=nope").as_str(), Value::Null, want)]).await;
        let page = world.get(&world.demo, &format!("{path}?limit=1&fields=id")).await;
        let keys: Vec<&str> = page.as_object().unwrap().keys().map(String::as_str).collect();
        let plural = path.trim_start_matches("vpn/").replace('-', "_");
        assert_eq!(keys, [plural.clone(), format!("{plural}_links")], "{path}");
        assert_eq!(page[&plural].as_array().unwrap().len(), 1, "{path}");
    }
}

#[tokio::test]
async fn links_lead_to_where_the_client_came_from() {
    let world = world().await;
    let token = ("x-auth-token", world.demo.token.as_str());
    for (headers, want) in [
        (vec![("host", "vpn.example.org:9696")], "http://vpn.example.org:9696/networking/v2.0/"),
        (
            vec![("host", "vpn.example.org"), ("x-forwarded-proto", "https")],
            "https://vpn.example.org/networking/v2.0/",
        ),
    ] {
        let headers: Vec<_> = headers.into_iter().chain([token]).collect();
        let answer =
            world.server.ask("GET", &format!("/networking/v2.0/{PATH}.json?limit=1"), &headers, "").await;
        let body: Value = serde_json::from_str(&answer.text).unwrap();
        let href = body["ikepolicies_links"][0]["href"].as_str().unwrap();
        assert!(href.starts_with(want), "{headers:?}: {href}");
    }
}

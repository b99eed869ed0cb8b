//! The agents' API: whoever has the agent key.

/// Method, path, query, body.
pub(crate) const ROWS: [(&str, &str, &str, &str); 5] = [
    (
        "PUT",
        "agents/{host}",
        "",
        r#"{"host": "node-1", "availability_zone": "nova", "data_plane": "kernel", "physical_networks": ["public"], "version": "1"}"#,
    ),
    ("GET", "agents/{agent_id}/routers", "", "null"),
    ("GET", "agents/{agent_id}/routers/changes", "?after=0", "null"),
    ("PUT", "agents/{agent_id}/checks/{check_id}", "", r#"{"state": "running"}"#),
    ("POST", "agents/{agent_id}/reports", "", r#"{"routers": {}}"#),
];

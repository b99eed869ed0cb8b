//! A page of the manual: what is made elsewhere of the command line, with the sections that one looks for in a manual besides.

use std::io;

use clap::{Arg, Command};
use clap_mangen::Man;

use super::STATUSES;

/// Variables of the client's commands that are no options, and what they are for.
const VARIABLES: &[(&str, &str)] = &[
    ("OS_CLIENT_CONFIG_FILE", "File to read instead of clouds.yaml."),
    ("OS_CLIENT_SECURE_FILE", "File to read instead of secure.yaml."),
    ("OS_CLIENT_VENDOR_FILE", "File to read instead of clouds-public.yaml."),
    ("CLIFF_MAX_TERM_WIDTH, CLIFF_FIT_WIDTH", "How wide tables are, as --max-width and --fit-width say it."),
    (
        "HTTP_PROXY, HTTPS_PROXY, NO_PROXY",
        "Proxies, and servers that are asked without one. Those on this machine never are asked through one.",
    ),
];

/// Files of the client's commands.
const FILES: &[(&str, &str)] = &[
    (
        "clouds.yaml",
        "The clouds that --os-cloud names: in the current directory, in ~/.config/openstack or in /etc/openstack, whichever \
         comes first. It may be called clouds.yml or, as JSON, clouds.json.",
    ),
    ("secure.yaml", "In the same places: the passwords of these clouds, for few to read."),
    ("clouds-public.yaml", "In the same places: profiles that clouds refer to."),
];

/// Exit statuses of what is not a client's command.
const OWN_STATUSES: &[(&str, &str)] = &[("0", "it is done"), ("1", "wrong input, or it failed")];

/// The page of a command: the name of its file, and its text.
pub(super) fn write(command: Command) -> io::Result<(String, Vec<u8>)> {
    let more = more(&command);
    let (has_options, has_commands, has_version) = (
        command.get_arguments().any(|argument| !argument.is_hide_set()),
        command.get_subcommands().any(|below| !below.is_hide_set()),
        command.get_version().is_some(),
    );
    let has_extra = command.get_after_help().is_some() || command.get_after_long_help().is_some();
    let page = Man::new(command);
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    if has_options {
        page.render_options_section(&mut text)?;
    }
    if has_commands {
        page.render_subcommands_section(&mut text)?;
    }
    if has_extra {
        page.render_extra_section(&mut text)?;
    }
    text.extend_from_slice(more.as_bytes());
    if has_version {
        page.render_version_section(&mut text)?;
    }
    Ok((page.get_filename(), text))
}

/// Exit statuses, variables and files.
fn more(command: &Command) -> String {
    // The program's own page is for all commands.
    let is_whole = command.get_name() == "adit";
    let is_client = is_whole || command.get_arguments().any(Arg::is_global_set);
    let has_configuration = is_whole || command.get_arguments().any(|arg| arg.get_id() == "state_dir");
    let mut text = String::new();
    section(&mut text, "EXIT STATUS", if is_client { &STATUSES } else { OWN_STATUSES });
    let mut variables = Vec::new();
    let mut files = Vec::new();
    if is_client {
        variables.push((
            "OS_CLOUD, OS_AUTH_URL, ...",
            "Each option --os-NAME has a variable OS_NAME, with underscores for hyphens. The option wins.",
        ));
        variables.extend_from_slice(VARIABLES);
        files.extend_from_slice(FILES);
    }
    if has_configuration {
        variables.extend([
            ("ADIT_CONFIG", "Configuration file, as --config says it."),
            ("ADIT_SECTION__KEY", "A key of a section of the configuration, instead of what the file says."),
        ]);
        files.push(("/var/lib/adit", "Database, keys and credentials, unless state_dir says otherwise."));
    }
    section(&mut text, "ENVIRONMENT", &variables);
    section(&mut text, "FILES", &files);
    text
}

/// Words with what they are, none where there are none.
fn section(text: &mut String, title: &str, entries: &[(&str, &str)]) {
    if entries.is_empty() {
        return;
    }
    text.push_str(&format!(".SH \"{title}\"\n"));
    for (word, about) in entries {
        text.push_str(&format!(".TP\n\\fB{}\\fR\n{}\n", plain(word), plain(about)));
    }
}

/// Text in which nothing is markup.
fn plain(text: &str) -> String {
    text.replace('`', "").replace('\\', "\\e").replace('-', "\\-")
}

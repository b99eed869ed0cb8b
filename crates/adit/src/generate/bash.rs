//! Completions for bash: those that are made elsewhere, with the old commands, which are offered only to who begins to write
//! one. All their words have a hyphen, and no other first word has.

use anyhow::Result;
use clap::Command;
use clap_complete::Shell;

/// Where the words before the cursor are known, and those that may come next are not looked for yet.
const BEFORE: &str = "    case \"${cmd}\" in\n        adit)\n";

/// The completions of a program.
pub(super) fn completions(program: Command) -> Result<String> {
    let old = adit_cli::old();
    let words = old.iter().map(Command::get_name).collect::<Vec<_>>().join(" ");
    let text = super::by_clap(Shell::Bash, program.subcommands(old))?;
    let offer = format!(
        "    if [[ ${{cmd}} == adit && ${{cur}} == [a-z]*-* && ${{prev}} != --os-* ]]; then
        COMPREPLY=( $(compgen -W \"{words}\" -- \"${{cur}}\") )
        return 0
    fi

{BEFORE}"
    );
    Ok(text.replace(&format!(" {words}"), "").replacen(BEFORE, &offer, 1))
}

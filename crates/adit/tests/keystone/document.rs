//! What docs/keystone.md tells an operator to type and to write.

const DOCUMENT: &str = include_str!("../../../../docs/keystone.md");

/// The commands of the document, in order, each as its words.
pub(crate) fn commands() -> Vec<Vec<String>> {
    let text = blocks("console").replace("\\\n", " ");
    let commands = text.lines().filter_map(|line| line.strip_prefix("$ openstack "));
    commands.map(words).collect()
}

/// The configuration that the document gives as an example.
pub(crate) fn configuration() -> String {
    blocks("toml")
}

fn blocks(language: &str) -> String {
    let fence = format!("```{language}\n");
    let parts = DOCUMENT.split(&fence).skip(1).filter_map(|rest| rest.split_once("```\n"));
    parts.map(|(block, _)| block).collect()
}

/// The words of a command as a shell takes them, with double and single quotes.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut quote) = (vec![String::new()], None);
    for character in command.chars() {
        match (quote, character) {
            (Some(open), character) if open == character => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (None, ' ') => words.push(String::new()),
            (_, character) => words.last_mut().unwrap().push(character),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

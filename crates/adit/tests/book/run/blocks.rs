//! The blocks of commands in a chapter.

/// A block.
pub(crate) struct Block {
    /// Where it stands, for people.
    pub(crate) place: String,
    pub(crate) how: How,
    pub(crate) steps: Vec<Step>,
}

/// How a block is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Here,
    Office,
    Stays,
    /// Not at all, and why.
    Ignored(String),
}

/// A command, and what the chapter shows of what it prints.
pub(crate) struct Step {
    pub(crate) command: String,
    pub(crate) shown: Vec<String>,
    /// The next command looks at how it ended.
    pub(crate) may_fail: bool,
    /// The last one of its block.
    pub(crate) is_last: bool,
}

/// All blocks of commands; panics at one that is written otherwise than they should be.
pub(crate) fn of(chapter: &str, text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(language) = line.strip_prefix("```") else { continue };
        let place = format!("{chapter}:{}", number + 1);
        let body: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| !line.starts_with("```")).collect();
        match language.split_once(',').unwrap_or((language, "")) {
            ("console", how) => {
                blocks.push(Block { how: how_of(how, &place), steps: steps(&body, &place), place })
            }
            ("text" | "toml" | "ini" | "nginx", "") => {
                let has_command = body.iter().any(|line| line.starts_with("$ "));
                assert!(!has_command, "{place}: commands are in blocks of `console`");
            }
            (other, _) => panic!("{place}: what is `{other}`?"),
        }
    }
    blocks
}

fn how_of(word: &str, place: &str) -> How {
    match word.split_once(": ") {
        Some(("ignore", why)) => How::Ignored(why.to_owned()),
        _ => match word {
            "" => How::Here,
            "office" => How::Office,
            "stays" => How::Stays,
            other => panic!("{place}: what is `{other}`?"),
        },
    }
}

fn steps(body: &[&str], place: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut lines = body.iter();
    while let Some(line) = lines.next() {
        let Some(command) = line.strip_prefix("$ ").or_else(|| line.strip_prefix("# ")) else {
            let step = steps.last_mut().unwrap_or_else(|| panic!("{place}: `{line}` is printed by nothing"));
            step.shown.push((*line).to_owned());
            continue;
        };
        let mut command = command.to_owned();
        while command.ends_with('\\') {
            let rest = lines.next().unwrap_or_else(|| panic!("{place}: `{command}` does not end"));
            command = format!("{command}\n{rest}");
        }
        // A document that stands in the command.
        if let Some((_, end)) = command.split_once("<<") {
            let end = end.trim_matches(['\'', ' ']).to_owned();
            loop {
                let rest = lines.next().unwrap_or_else(|| panic!("{place}: there is no `{end}`"));
                command = format!("{command}\n{rest}");
                if *rest == end {
                    break;
                }
            }
        }
        if command == "echo $?"
            && let Some(before) = steps.last_mut()
        {
            before.may_fail = true;
        }
        steps.push(Step { command, shown: Vec::new(), may_fail: false, is_last: false });
    }
    steps.last_mut().unwrap_or_else(|| panic!("{place}: it has no command")).is_last = true;
    steps
}

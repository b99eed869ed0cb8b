//! The options that say how something is printed.

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

/// How a report is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    #[default]
    Table,
    Json,
    Yaml,
    Value,
    Csv,
    Shell,
}

/// When CSV has quotes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Quote {
    All,
    Minimal,
    #[default]
    Nonnumeric,
    None,
}

/// What the options say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) format: Format,
    pub(crate) columns: Vec<String>,
    /// Widest table, in characters; 0 for no limit.
    pub(crate) max_width: usize,
    pub(crate) fit_width: bool,
    pub(crate) print_empty: bool,
    pub(crate) noindent: bool,
    pub(crate) quote: Quote,
    pub(crate) prefix: String,
    pub(crate) variables: Vec<String>,
    pub(crate) sort_columns: Vec<String>,
    pub(crate) descending: bool,
}

/// What a command prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Rows under columns.
    List,
    /// One object.
    One,
}

const HEADING: &str = "Output";

/// Adds the options of a shape.
pub(crate) fn add(command: Command, shape: Shape) -> Command {
    let formats: &[&str] = match shape {
        Shape::List => &["csv", "json", "table", "value", "yaml"],
        Shape::One => &["json", "shell", "table", "value", "yaml"],
    };
    let command = command
        .arg(
            option("format", "FORMAT")
                .short('f')
                .value_parser(clap::builder::PossibleValuesParser::new(formats.iter().copied()))
                .default_value("table")
                .help("How to print it"),
        )
        .arg(
            option("column", "COLUMN")
                .short('c')
                .action(ArgAction::Append)
                .help("Column to print; may be repeated"),
        )
        .arg(
            option("max-width", "WIDTH")
                .value_parser(value_parser!(usize))
                .help("Widest table; 0 for no limit [env: CLIFF_MAX_TERM_WIDTH]"),
        )
        .arg(flag("fit-width").help("Fit the table to the terminal [env: CLIFF_FIT_WIDTH=1]"))
        .arg(flag("print-empty").help("Draw a table that has no rows too"))
        .arg(flag("noindent").help("JSON on one line"));
    match shape {
        Shape::List => command
            .arg(
                option("quote", "WHEN")
                    .value_parser(["all", "minimal", "none", "nonnumeric"])
                    .default_value("nonnumeric")
                    .help("When CSV has quotes"),
            )
            .arg(
                option("sort-column", "COLUMN")
                    .action(ArgAction::Append)
                    .help("Column to sort by, the first of several first; may be repeated"),
            )
            .arg(
                flag("sort-ascending")
                    .conflicts_with("sort-descending")
                    .help("Smallest first, as it is anyway"),
            )
            .arg(flag("sort-descending").help("Largest first")),
        Shape::One => command
            .arg(option("prefix", "PREFIX").help("What the names of variables begin with, with `-f shell`"))
            .arg(
                option("variable", "VARIABLE")
                    .action(ArgAction::Append)
                    .hide(true)
                    .help("Variable to print, with `-f shell`; may be repeated"),
            ),
    }
}

fn option(name: &'static str, value: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name(value)
        .help_heading(HEADING)
        .hide_short_help(name != "format" && name != "column")
}

fn flag(name: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help_heading(HEADING).hide_short_help(true)
}

impl Options {
    /// Whether people are to read it.
    pub(crate) fn is_table(&self) -> bool {
        self.format == Format::Table
    }

    /// What the command line and the variables say.
    pub(crate) fn of(matches: &ArgMatches) -> Self {
        let text = |name: &str| matches.try_get_one::<String>(name).ok().flatten().cloned();
        let texts = |name: &str| -> Vec<String> {
            matches
                .try_get_many::<String>(name)
                .ok()
                .flatten()
                .map(|all| all.cloned().collect())
                .unwrap_or_default()
        };
        let is = |name: &str| matches.try_get_one::<bool>(name).ok().flatten() == Some(&true);
        let number =
            |name: &str| std::env::var(name).ok().and_then(|value| value.trim().parse::<usize>().ok());
        let width = matches.try_get_one::<usize>("max-width").ok().flatten().copied();
        Self {
            format: match text("format").as_deref() {
                Some("json") => Format::Json,
                Some("yaml") => Format::Yaml,
                Some("value") => Format::Value,
                Some("csv") => Format::Csv,
                Some("shell") => Format::Shell,
                _ => Format::Table,
            },
            columns: texts("column"),
            max_width: width.or_else(|| number("CLIFF_MAX_TERM_WIDTH")).unwrap_or(0),
            fit_width: is("fit-width") || number("CLIFF_FIT_WIDTH").is_some_and(|fit| fit > 0),
            print_empty: is("print-empty"),
            noindent: is("noindent"),
            quote: match text("quote").as_deref() {
                Some("all") => Quote::All,
                Some("minimal") => Quote::Minimal,
                Some("none") => Quote::None,
                _ => Quote::Nonnumeric,
            },
            prefix: text("prefix").unwrap_or_default(),
            variables: texts("variable"),
            sort_columns: texts("sort-column"),
            descending: is("sort-descending"),
        }
    }
}

/// A column's name as people may write it: in any case, and with underscores for spaces.
pub(crate) fn normalized(name: &str) -> String {
    name.to_lowercase().trim().replace(' ', "_")
}

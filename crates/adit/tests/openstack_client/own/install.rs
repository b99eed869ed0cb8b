//! `adit install`: what it puts where, that shells complete by it, and that nothing of it is left.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{ok, text};

/// A line of a command that is not complete, and the words that may come next.
const LINES: [(&str, &str); 13] = [
    ("adit vpn ik", "ike"),
    ("adit vpn ike policy cr", "create"),
    ("adit vpn ike policy create --ike-version ", "v1 v2"),
    ("adit vpn ipsec site connection create --generate", "--generate-psk"),
    ("adit --os-cloud mine vpn con", "connect"),
    ("adit network agent li", "list"),
    ("adit --os-cl", "--os-cloud"),
    ("adit --os-cloud ", ""),
    ("adit --os-cloud mine netwo", "network"),
    ("adit vp", "vpn"),
    ("adit vpn-ikepolicy-s", "vpn-ikepolicy-show"),
    ("adit --os-cloud mine ipsec-site-connection-update --dp", "--dpd"),
    ("adit floating ip create --qo", ""),
];

fn run(program: &Path, words: &[&str]) -> Output {
    // Who installs may have told the shell to hide what is written.
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 077; exec \"$0\" \"$@\""]).arg(program).args(words).output().unwrap()
}

/// The files below a folder, with their permissions.
fn files(folder: &Path) -> BTreeMap<PathBuf, u32> {
    let mut files = BTreeMap::new();
    let mut left = vec![folder.to_owned()];
    while let Some(at) = left.pop() {
        let metadata = at.symlink_metadata().unwrap();
        let mode = metadata.permissions().mode() & 0o777;
        if metadata.is_dir() {
            assert!(at == folder || mode == 0o755, "{} is {mode:o}", at.display());
            left.extend(at.read_dir().unwrap().map(|entry| entry.unwrap().path()));
        } else {
            files.insert(at.strip_prefix(folder).unwrap().to_owned(), mode);
        }
    }
    files
}

#[test]
fn what_is_installed_completes_and_what_is_uninstalled_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_adit"));
    let root = dir.path().to_str().unwrap();
    ok(&run(program, &["install", "--prefix", "/usr", "--destdir", root]));
    let usr = dir.path().join("usr");
    let installed = files(&usr);
    for (path, mode) in [
        ("bin/adit", 0o755),
        ("share/bash-completion/completions/adit", 0o644),
        ("share/zsh/site-functions/_adit", 0o644),
        ("share/fish/vendor_completions.d/adit.fish", 0o644),
        ("share/man/man1/adit.1", 0o644),
        ("share/man/man1/adit-vpn-ipsec-site-connection-create.1", 0o644),
    ] {
        assert_eq!(installed.get(Path::new(path)), Some(&mode), "{path}");
    }
    completes(&usr, &dir.path().join("home"));
    // Over itself, by what was installed; with the same places named otherwise.
    let own = usr.join("bin/adit");
    ok(&run(&own, &["install", "--prefix", usr.to_str().unwrap()]));
    assert_eq!(files(&usr), installed);
    // What somebody else put there stays.
    std::fs::write(usr.join("share/man/man1/adit-other.1"), "").unwrap();
    ok(&run(&own, &["uninstall", "--prefix", usr.to_str().unwrap(), "--no-program"]));
    assert_eq!(files(&usr).len(), 2, "the program, and what is not Adit's");
    ok(&run(program, &["uninstall", "--prefix", "/usr", "--destdir", root]));
    assert_eq!(files(&usr).into_keys().collect::<Vec<_>>(), [Path::new("share/man/man1/adit-other.1")]);
    assert!(ok(&run(program, &["uninstall", "--prefix", "/usr", "--destdir", root])).starts_with("0 files"));

    let alone = dir.path().join("alone");
    ok(&run(program, &["install", "--no-program", "--prefix", alone.to_str().unwrap()]));
    assert_eq!(files(&alone).len(), installed.len() - 1);
    for (words, told) in [
        (["install", "--prefix", "usr", "--destdir", root], "`--prefix usr` does not begin with `/`"),
        (["install", "--prefix", "/usr", "--destdir", "/dev/null"], "cannot write /dev/null/usr/share/"),
        (["uninstall", "--prefix", "/usr", "--destdir", "/dev/null"], "cannot remove /dev/null/usr/share/"),
    ] {
        let output = run(program, &words);
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        assert!(text(&output.stderr).contains(told), "{words:?}: {}", text(&output.stderr));
    }
}

/// Asks the shells that are here, of somebody with this home, for what may come next.
fn completes(usr: &Path, home: &Path) {
    // The function that a completion of bash is gets the words and where the cursor is.
    // What it tells readline is told to nobody here.
    let bash = "compopt() { :; }; source share/bash-completion/completions/adit
        function=$(complete -p adit | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        read -ra COMP_WORDS <<< \"$1\"
        case $1 in *' ') COMP_WORDS+=('');; esac
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        $function adit \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD-1]}\"
        echo \"${COMPREPLY[@]}\"";
    let fish = "source share/fish/vendor_completions.d/adit.fish; complete -C $argv[1] | string replace -r '\\t.*' ''; true";
    let zsh = "fpath=(share/zsh/site-functions $fpath); autoload -Uz compinit && compinit -D
        autoload -Uz +X _adit && echo $_comps[adit]";
    for (line, want) in LINES {
        let ask = |shell: &str, words: &[&str]| -> Option<String> {
            let output = Command::new(shell).args(words).current_dir(usr).env("HOME", home).output().ok()?;
            let told = text(&output.stderr);
            assert!(output.status.success() && told.is_empty(), "{shell}: {line}: {told}");
            let mut words: Vec<String> = text(&output.stdout).split_whitespace().map(str::to_owned).collect();
            words.sort_unstable();
            Some(words.join(" "))
        };
        let mut want: Vec<&str> = want.split(' ').collect();
        want.sort_unstable();
        assert_eq!(ask("bash", &["--norc", "-c", bash, "bash", line]), Some(want.join(" ")), "bash: {line}");
        match ask("fish", &["--no-config", "-c", fish, line]) {
            Some(got) => assert_eq!(got, want.join(" "), "fish: {line}"),
            None => eprintln!("SKIPPED: completions of fish: there is no fish"),
        }
    }
    match Command::new("zsh").args(["-f", "-c", zsh]).current_dir(usr).env("HOME", home).output() {
        Ok(output) => assert_eq!(ok(&output).trim(), "_adit", "zsh knows whom to ask"),
        Err(_) => eprintln!("SKIPPED: completions of zsh: there is no zsh"),
    }
}

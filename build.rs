//! Says which commit the program was built of, for `--version` and for nothing else: results and digests know the number of the version only.
//!
//! Outside of a git checkout there is the number alone, or what `WINDTUNNEL_COMMIT` says, for images and packages that are built without
//! the history. `-dirty` stands where something that is compiled differs from the commit. The script
//! runs again when the commit or something that is compiled changes, so an unchanged tree is not built again.

use std::path::Path;
use std::process::Command;

/// What the program is made of.
const COMPILED: [&str; 9] = [
    "build.rs",
    "Cargo.lock",
    "Cargo.toml",
    "reports/Cargo.toml",
    "reports/src",
    "scenarios",
    "sim-core/Cargo.toml",
    "sim-core/src",
    "src",
];

fn main() {
    let version = std::env::var("CARGO_PKG_VERSION").expect("cargo sets it");
    for path in COMPILED {
        watch(Path::new(path));
    }
    // The reflog grows with every commit, checkout and rebase; a path that is not there would make cargo run this each time.
    for file in ["HEAD", "logs/HEAD"] {
        if let Some(path) = git(&["rev-parse", "--git-path", file]) {
            watch(Path::new(&path));
        }
    }
    println!("cargo::rerun-if-env-changed=WINDTUNNEL_COMMIT");
    let told = std::env::var("WINDTUNNEL_COMMIT").ok().filter(|commit| !commit.is_empty());
    // A folder of another repository that this one was copied into is not asked.
    let own = git(&["rev-parse", "--show-prefix"]).is_some_and(|prefix| prefix.is_empty());
    let commit = git(&["rev-parse", "--short=10", "HEAD"]).filter(|_| own);
    let changed = || {
        let status = ["status", "--porcelain", "--untracked-files=no", "--"];
        git(&[&status[..], &COMPILED[..]].concat()).is_none_or(|changes| !changes.is_empty())
    };
    let shown = match told.clone().or(commit) {
        Some(commit) if told.is_none() && changed() => format!("{version} ({commit}-dirty)"),
        Some(commit) => format!("{version} ({commit})"),
        None => version,
    };
    println!("cargo::rustc-env=WINDTUNNEL_VERSION={shown}");
}

fn watch(path: &Path) {
    if path.exists() {
        println!("cargo::rerun-if-changed={}", path.display());
    }
}

/// What git says in the package's folder; `None` where there is no git or no checkout. It takes no lock and writes nothing.
fn git(arguments: &[&str]) -> Option<String> {
    let done = Command::new("git").env("GIT_OPTIONAL_LOCKS", "0").args(arguments).output().ok()?;
    done.status.success().then(|| String::from_utf8_lossy(&done.stdout).trim().to_owned())
}

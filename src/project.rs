//! The files that scenarios may name, as the command line says, and the names of paths as the user typed them.

use scenarios::Project;
use std::path::Path;
use std::sync::OnceLock;

static PROJECT: OnceLock<Project> = OnceLock::new();

/// Keeps which files scenarios may name; the first time counts.
pub fn keep(project: Project) {
    PROJECT.get_or_init(|| project);
}

/// Which files scenarios may name.
pub fn project() -> &'static Project {
    PROJECT.get_or_init(Project::default)
}

/// A path as the user typed it, with what is hidden in it shown; files can be read by it.
pub fn typed(path: &Path) -> String {
    project().name(path)
}

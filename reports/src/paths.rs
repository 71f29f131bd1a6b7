//! Paths of settings, as people call them.

/// The last word of a path, which is what people call it, or as many as tell it from the others.
pub fn short<'a>(path: &'a str, all: &[&str]) -> &'a str {
    let places: Vec<usize> = path.match_indices('.').map(|(at, _)| at + 1).rev().chain([0]).collect();
    let lone = |at: &usize| all.iter().filter(|other| other.ends_with(&path[*at..]) && **other != path).count() == 0;
    places.into_iter().find(lone).map_or(path, |at| &path[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_as_short_as_they_can_be() {
        let all = ["services.api.instances", "services.db.instances", "load.rate"];
        assert_eq!(all.map(|path| short(path, &all)), ["api.instances", "db.instances", "rate"]);
    }
}

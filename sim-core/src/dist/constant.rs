//! The constant has no settings: a bare duration is one. It is a kind of [`super::Distribution`] by itself.

//! What a hostile or careless file, folder or reader must not do to the program: let a gate pass, crash it, or speak in its name.

mod gate;
mod limits;
mod parts;

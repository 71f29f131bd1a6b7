//! What a hostile or careless file, folder or reader must not do to the program: let a gate pass, crash it, speak in its name, or read
//! what is not its own.

mod gate;
mod limits;
mod mangled;
mod parts;
mod reading;
mod words;

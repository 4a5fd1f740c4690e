//! Makes sure that the folder of the built dashboard exists, so that the server compiles also before (or without) it.

fn main() -> std::io::Result<()> {
    let folder = std::path::Path::new("../dist");
    std::fs::create_dir_all(folder)?;
    // A rebuilt dashboard is embedded anew.
    println!("cargo::rerun-if-changed=../dist");
    // A new migration is embedded, although no Rust file changed.
    println!("cargo::rerun-if-changed=../migrations");
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}

//! Makes sure that the folder of the built dashboard exists, so that the server compiles also before (or without) it.

fn main() -> std::io::Result<()> {
    let folder = std::path::Path::new("../dist");
    std::fs::create_dir_all(folder)?;
    // A rebuilt dashboard is embedded anew.
    println!("cargo::rerun-if-changed=../dist");
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}

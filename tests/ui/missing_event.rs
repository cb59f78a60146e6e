fn main() {
    let path = "/";
    logring::info!();
    logring::info!(path);
    logring::info!(target: "db", path = path);
    logring::info!("x" path);
}

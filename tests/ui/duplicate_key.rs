fn main() {
    let path = "/";
    logring::info!("x", path, n = 1, "path" = 2);
}

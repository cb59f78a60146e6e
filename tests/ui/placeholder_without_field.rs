fn main() {
    let (path, ms) = ("/", 1.5);
    logring::info!("took {} {} {}", path, ms);
}

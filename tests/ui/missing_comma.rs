fn main() {
    let (a, b) = (1, 2);
    logring::info!("x", a b);
    logring::info!("x", a = 1 b = 2);
    logring::info!("x" "y");
    logring::info!("x", a = );
    logring::info!("x", "a");
    logring::info!(format!("{a} {b}"));
}

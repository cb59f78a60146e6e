fn main() {
    let ms = 1.5;
    logring::info!("took {millis:.1}", ms);
}

"""The viewer in a real browser, against the pixels of the TIFF files."""

import io
import time
from urllib.parse import urlencode

import numpy as np
import tifffile
from browser import Server
from PIL import Image

READY = (
    "Number(document.body.dataset.ready) === Exo.state.turn && "
    "Exo.view.main.world.getItemCount() === 2"
)
# All tiles that are in sight have arrived and are drawn.
DRAWN = (
    "Exo.view.main.world.getItemAt(0).getFullyLoaded() && "
    "Exo.view.main.world.getItemAt(1).getFullyLoaded() && !Exo.view.main.isAnimating()"
)


def wait_drawn(browser):
    browser.let_draw()
    browser.wait(DRAWN)
    browser.let_draw()


def open_viewer(browser, address, **place):
    browser.open(f"{address}#{urlencode(place)}" if place else address)
    browser.wait(READY)


def hover(browser, x, y):
    """Move the mouse onto a pixel of the padded image; return the numbers that are shown."""
    wait_drawn(browser)
    point = browser.run("const p = Exo.view.pointOf(...arguments); return [p.x, p.y];", x, y)
    box = browser.run("return Exo.view.main.element.getBoundingClientRect().toJSON()")
    from selenium.webdriver.common.actions.action_builder import ActionBuilder

    actions = ActionBuilder(browser.driver)
    for shift in (3, 0):
        actions.pointer_action.move_to_location(
            round(box["x"] + point[0]) + shift, round(box["y"] + point[1])
        )
    actions.perform()
    browser.wait(f"document.querySelector('#readout .place')?.innerText.endsWith('{x}, {y}')")
    return browser.run(
        "return Object.fromEntries([...document.querySelectorAll('#readout .value')].map("
        "(e) => [e.dataset.layer, e.querySelector('.number').innerText]))"
    )


def screen_colour(browser, x, y):
    """Colour in which a pixel of the padded image is drawn."""
    wait_drawn(browser)
    return browser.run(
        "const p = Exo.view.pointOf(...arguments);"
        "const copy = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });"
        "copy.drawImage(Exo.view.main.drawer.canvas, -Math.floor(p.x), -Math.floor(p.y));"
        "return Array.from(copy.getImageData(0, 0, 1, 1).data).slice(0, 3);",
        x,
        y,
    )


def white(browser, slot):
    return browser.run("return Exo.view.slots[arguments[0]].painter.top", slot)


def test_what_stands_at_a_pixel_is_what_stands_in_the_files(browser, served, results):
    open_viewer(browser, served, sample="CD 070", dye="SybrGld", x=700, y=650, zoom=24)
    folder = results.output / "CD 070/SybrGld/tiff"
    files = {
        "post": "01_padded_post_pad20",
        "pre2": "02_icp_aligned_pre_pad20",
        "pre3": "03_interior_aligned_pre_pad20",
        "difference": "04_difference_difference_pad20",
        "significance": "04_significance_pad20",
    }
    for x, y in ((700, 650), (703, 648), (696, 655)):
        shown = hover(browser, x, y)
        assert set(shown) == set(files)
        for layer, name in files.items():
            pixels = tifffile.imread(folder / f"{name}.tiff")
            assert pixels.dtype.type(shown[layer]) == pixels[y, x], layer
    assert f"raw post x {696 - 20} y {655 - 20} px" in browser.text("#readout .place")
    assert "338.0, 317.5 µm" in browser.text("#readout .place")


def test_every_pixel_is_drawn_in_the_shade_of_its_value_and_in_its_place(browser, served, results):
    # Around a corner of four tiles, at full resolution.
    open_viewer(browser, served, sample="CD 070", dye="SybrGld", x=512, y=512, zoom=24)
    post = results.images["CD 070"]["01_padded_post"]
    top = white(browser, 0)
    for y in range(507, 517, 3):
        for x in range(507, 517, 3):
            expected = round(255 * min(post[y, x] / top, 1))
            assert screen_colour(browser, x, y) == [expected] * 3, (x, y)


def test_zoomed_out_the_pyramid_is_shown(browser, served, results):
    open_viewer(browser, served, sample="ER#22", dye="DAPI", A="significance")
    level = browser.wait(
        DRAWN + " && Exo.view.main.world.getItemAt(0).getTilesToDraw().map((t) => t.level)"
    )
    assert set(level) == {0}
    # Far from zero the reduced significance, too, has the colour of its sign.
    assert screen_colour(browser, 1300, 100)[0] > 150
    assert screen_colour(browser, 100, 1200)[2] > 150


def test_sixteen_bits_are_kept_and_nan_is_no_value(browser, served, results):
    open_viewer(browser, served, sample="ER#22", dye="DAPI", x=5, y=5, zoom=24)
    shown = hover(browser, 4, 3)
    assert int(shown["post"]) == results.images["ER#22"]["01_padded_post"][3, 4] > 255
    assert shown["significance"] == "-"


def test_brightness_and_gamma_change_the_shade_at_once_but_never_the_value(
    browser, served, results
):
    open_viewer(browser, served, sample="CD 070", dye="SybrGld", x=700, y=650, zoom=24)
    value = results.images["CD 070"]["01_padded_post"][650, 700]
    top = white(browser, 0)
    for name, setting in (("brightness", -1.0), ("gamma", 2.0)):
        browser.run(
            "const input = document.getElementById(arguments[0] + 'A');"
            "input.value = arguments[1]; input.dispatchEvent(new Event('input'));",
            name,
            setting,
        )
    expected = 255 * (value / (2 * top)) ** 0.5
    assert abs(screen_colour(browser, 700, 650)[0] - expected) <= 1
    assert int(hover(browser, 700, 650)["post"]) == value


def test_blink_shows_both_images_in_turn_and_space_flips(browser, served, results):
    open_viewer(browser, served, sample="CD 070", dye="SybrGld", x=700, y=650, zoom=24)
    images = results.images["CD 070"]
    post, pre = images["01_padded_post"][650, 700], images["03_interior_aligned_pre"][650, 700]
    shades = {round(255 * min(v / white(browser, k), 1)) for k, v in enumerate((post, pre))}
    assert len(shades) == 2
    browser.press(",,,b")
    seen, names = set(), set()
    end = time.monotonic() + 5
    while len(seen) < 2 and time.monotonic() < end:
        seen.add(screen_colour(browser, 700, 650)[0])
        names.add(browser.text("#names"))
    assert seen == shades
    browser.press("1")
    assert screen_colour(browser, 700, 650)[0] == round(255 * min(post / white(browser, 0), 1))
    browser.press(" ")
    browser.wait("document.getElementById('names').innerText.includes('stage 3')")
    assert screen_colour(browser, 700, 650)[0] == round(255 * min(pre / white(browser, 1), 1))


def test_swipe_shows_one_image_on_each_side(browser, served, results):
    open_viewer(browser, served, sample="CD 070", dye="SybrGld", x=700, y=650, zoom=24)
    browser.press("3")
    images = results.images["CD 070"]
    left, right = (696, 650), (704, 650)
    post, pre = images["01_padded_post"], images["03_interior_aligned_pre"]
    for (x, y), image, slot in ((left, post, 0), (right, pre, 1)):
        expected = round(255 * min(image[y, x] / white(browser, slot), 1))
        assert abs(screen_colour(browser, x, y)[0] - expected) <= 1


def test_two_colours_are_post_in_green_and_pre_in_magenta(browser, served, results):
    open_viewer(browser, served, sample="CD 070", dye="SybrGld", x=700, y=650, zoom=24)
    browser.press("5")
    images = results.images["CD 070"]
    names = ("01_padded_post", "03_interior_aligned_pre")
    green, magenta = (
        round(255 * min(images[name][650, 700] / white(browser, slot), 1))
        for slot, name in enumerate(names)
    )
    red, seen_green, blue = screen_colour(browser, 700, 650)
    assert abs(seen_green - green) <= 1
    assert abs(red - magenta) <= 1
    assert abs(blue - magenta) <= 1


def test_side_by_side_both_views_move_together(browser, served):
    open_viewer(browser, served, sample="CD 070", dye="SybrGld", x=700, y=650, zoom=8)
    browser.press("4")
    browser.press("n")
    wait_drawn(browser)
    centres = browser.run(
        "return Exo.view.viewers.map((v) => [v.viewport.getCenter(true), v.viewport.getZoom(true)])"
        ".map(([c, z]) => [c.x, c.y, z])"
    )
    assert np.allclose(centres[0], centres[1], rtol=1e-6)
    assert "post" in browser.text("#names")
    assert "pre, after stage 3" in browser.text("#names")


def test_the_list_flies_to_its_candidates_and_can_be_sorted(browser, served):
    open_viewer(browser, served, sample="CD 070", dye="SybrGld")
    assert browser.text("#counted") == "6 candidates"
    ids = "[...document.querySelectorAll('.rows .cell.id')].map((e) => e.innerText)"
    assert browser.run(f"return {ids}") == ["3", "2", "1", "6", "5", "4"]
    browser.find("#heads .area_px").click()
    assert browser.run(f"return {ids}") == ["6", "3", "2", "1", "4", "5"]
    browser.find(".rows .row:nth-child(2)").click()
    wait_drawn(browser)
    centre = browser.run(
        "const v = Exo.view.main.viewport, c = Exo.view.items[0][0]"
        ".viewportToImageCoordinates(v.getCenter(true)); return [c.x - 0.5, c.y - 0.5];"
    )
    assert np.allclose(centre, [640.75 + 20, 700.25 + 20], atol=0.2)
    assert browser.run("return Exo.view.zoom") >= 5.9


def test_marks_persist_over_a_reload_and_come_out_as_csv(browser, served):
    open_viewer(browser, served, sample="CD 070", dye="SybrGld")
    browser.press("nknrnk")
    browser.press("u")
    assert browser.text("#marked") == "1 kept, 1 rejected"
    open_viewer(browser, served, sample="ER#22", dye="DAPI")
    browser.press("nr")
    open_viewer(browser, served, sample="CD 070", dye="SybrGld")
    assert browser.text("#marked") == "1 kept, 1 rejected"
    browser.press("e")
    lines = browser.downloaded("marks.csv").decode().split("\r\n")
    assert lines[0] == "sample,dye,variant,id,x_raw,y_raw,mark,marked"
    assert [line.rsplit(",", 1)[0] for line in lines[1:-1]] == [
        "CD 070,SybrGld,_pad20,2,900.5,95.5,reject",
        "CD 070,SybrGld,_pad20,3,640.75,700.25,keep",
        "ER#22,DAPI,_pad20,3,640.75,700.25,reject",
    ]
    browser.choose("#filter", "keep")
    assert len(browser.driver.find_elements("css selector", ".rows .row")) == 1


def test_another_pair_is_chosen_from_the_list_and_stands_in_the_address(browser, served, results):
    open_viewer(browser, served, sample="CD 070", dye="SybrGld", x=700, y=650, zoom=24)
    browser.choose("#pair", "1")
    browser.wait(READY + " && Exo.state.layers[0].path.startsWith('ER#22')")
    browser.run("Exo.view.flyTo(700, 650, 24, true)")
    shown = hover(browser, 700, 650)
    assert int(shown["post"]) == results.images["ER#22"]["01_padded_post"][650, 700]
    browser.wait("location.hash.includes('ER%2322')")
    assert "warn" in browser.text("#verdict")
    assert "Few tiles." in browser.text("#verdict")


def test_the_view_is_saved_as_it_is_seen(browser, served, results):
    open_viewer(browser, served, sample="CD 070", dye="SybrGld", x=700, y=650, zoom=24)
    colour = screen_colour(browser, 701, 651)
    browser.press("p")
    picture = Image.open(io.BytesIO(browser.downloaded("CD 070_SybrGld_pad20_view.png")))
    point = browser.run("const p = Exo.view.pointOf(701, 651); return [p.x, p.y];")
    head = picture.height - browser.run("return Exo.view.main.drawer.canvas.height")
    assert list(picture.getpixel((int(point[0]), int(point[1] + head)))[:3]) == colour


def test_it_opens_from_disk_once_the_person_opens_the_folder(browser, results):
    # Chromium lets no page on disk read its neighbours; what a person opens it does.
    browser.open((results.output / "viewer/index.html").as_uri())
    browser.wait("document.getElementById('message').innerText.includes('open the results')")
    assert browser.text("#counted") == "6 candidates"
    browser.find("#folder").send_keys(str(results.output))
    browser.wait(READY)
    browser.press("x")
    shown = hover(browser, 705, 650)
    assert int(shown["post"]) == results.images["CD 070"]["01_padded_post"][650, 705]


def test_an_image_that_is_made_anew_meanwhile_is_told(browser, served, results):
    open_viewer(browser, served, sample="ER#22", dye="DAPI", x=100, y=100, zoom=24)
    path = results.output / "ER#22/DAPI/tiff/04_difference_difference_pad20.tiff"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 4])
    try:
        browser.choose("#layerA", "difference")
        browser.run("Exo.view.flyTo(1300, 1200, 24, true)")
        browser.wait("document.getElementById('message').innerText.includes('reload this page')")
        assert "04_difference_difference_pad20.tiff" in browser.text("#message")
    finally:
        path.write_bytes(whole)
        assert [
            m for m in browser.complaints() if "416" not in m and "failed to load" not in m
        ] == []


def test_small_images_come_through_a_server_that_knows_no_parts(browser, results):
    server = Server(["-m", "http.server", "0", "--bind", "127.0.0.1"], results.output)
    try:
        address = f"{server.address}/viewer/"
        open_viewer(browser, address, sample="CD 070", dye="SybrGld", x=700, y=650, zoom=24)
        shown = hover(browser, 700, 650)
        assert int(shown["post"]) == results.images["CD 070"]["01_padded_post"][650, 700]
    finally:
        server.close()


def test_the_keys_are_told(browser, served):
    open_viewer(browser, served)
    browser.press("?")
    told = browser.text("#keys")
    for words in ("blink", "keep the candidate", "export the marks", "single pixels"):
        assert words in told

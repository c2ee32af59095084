/**
 * Pictures of a shop that does not exist, for the demo: 1280 by 800, drawn as SVG. The demo's server
 * sends them for screenshots and film, the fake session paints them as its frames.
 */
export const scenes = ["shop", "product", "cart", "login", "checkout", "paid"] as const;
export type Scene = (typeof scenes)[number];

/** Where the elements are that the demo's steps act on. */
export const places = {
  search: { x: 470, y: 24, width: 340, height: 36 },
  card: { x: 348, y: 236, width: 280, height: 300 },
  size: { x: 700, y: 330, width: 160, height: 40 },
  add: { x: 700, y: 420, width: 220, height: 48 },
  cartLink: { x: 1130, y: 24, width: 96, height: 36 },
  quantity: { x: 760, y: 236, width: 72, height: 36 },
  toCheckout: { x: 920, y: 470, width: 260, height: 48 },
  email: { x: 440, y: 270, width: 400, height: 44 },
  password: { x: 440, y: 350, width: 400, height: 44 },
  signIn: { x: 440, y: 424, width: 400, height: 48 },
  terms: { x: 100, y: 560, width: 20, height: 20 },
  pay: { x: 860, y: 600, width: 300, height: 52 },
  order: { x: 440, y: 260, width: 400, height: 44 },
} as const;
type Place = { x: number; y: number; width: number; height: number };

const ink = "#22303c";
const soft = "#6b7a88";
const brand = "#0f6b5c";

function text(x: number, y: number, said: string, size = 16, colour = ink, weight = 400): string {
  return `<text x="${x}" y="${y}" font-size="${size}" fill="${colour}" font-weight="${weight}">${said}</text>`;
}

function box({ x, y, width, height }: Place, fill: string, stroke = "none", radius = 6): string {
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${radius}" fill="${fill}" stroke="${stroke}"/>`;
}

function button(place: Place, said: string, fill = brand): string {
  const middle = place.x + place.width / 2;
  return `${box(place, fill)}<text x="${middle}" y="${place.y + place.height / 2 + 6}" font-size="16" font-weight="600" fill="#fff" text-anchor="middle">${said}</text>`;
}

function field(place: Place, said: string, colour = ink): string {
  return `${box(place, "#fff", "#b9c4cd")}${text(place.x + 14, place.y + place.height / 2 + 6, said, 15, colour)}`;
}

function header(items: number): string {
  return [
    box({ x: 0, y: 0, width: 1280, height: 84 }, "#fff", "none", 0),
    box({ x: 0, y: 83, width: 1280, height: 1 }, "#dfe5ea", "none", 0),
    `<circle cx="72" cy="42" r="16" fill="${brand}"/>`,
    text(100, 49, "Nordlicht Outfitters", 21, ink, 700),
    field(places.search, "rain jacket", soft),
    button(places.cartLink, `Cart ${items}`, "#22303c"),
  ].join("");
}

function goods(x: number, y: number, hue: number): string {
  const jacket = `M${x + 90} ${y + 40} l30 -14 h40 l30 14 l40 60 l-34 20 l-14 -24 v90 h-84 v-90 l-14 24 l-34 -20 z`;
  return `<path d="${jacket}" fill="hsl(${hue} 45% 48%)"/><path d="M${x + 139} ${y + 30} v155" stroke="#fff" stroke-opacity=".5" stroke-width="3"/>`;
}

function shop(): string {
  const cards = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => {
    const x = 52 + (i % 4) * 296;
    const y = 236 + Math.floor(i / 4) * 330;
    const names = ["Fjord shell", "Skerry jacket", "Tarn anorak", "Loft parka"];
    return [
      box({ x, y, width: 280, height: 310 }, "#fff", "#e3e8ec"),
      goods(x, y + 14, 160 + i * 47),
      text(x + 18, y + 248, names[i % 4] ?? "", 17, ink, 600),
      text(x + 18, y + 276, `${129 + i * 20},00 €`, 16, soft),
    ].join("");
  });
  return `${header(0)}${text(52, 150, "Rain jackets", 34, ink, 700)}${text(52, 186, "24 pieces, tested for 20,000 mm", 16, soft)}${cards.join("")}`;
}

function product(): string {
  return [
    header(0),
    box({ x: 52, y: 130, width: 580, height: 560 }, "#fff", "#e3e8ec"),
    `<g transform="translate(-110 40) scale(2.4)">${goods(100, 70, 207)}</g>`,
    text(700, 180, "Skerry jacket", 36, ink, 700),
    text(700, 226, "149,00 €", 24, brand, 600),
    text(700, 270, "Three layers, taped seams, made from ropes that were fishing nets.", 15, soft),
    text(700, 318, "Size", 15, ink, 600),
    field(places.size, "M"),
    button(places.add, "Add to cart"),
    text(700, 520, "In stock, at your door in two days", 15, brand),
  ].join("");
}

function cart(): string {
  return [
    header(1),
    text(100, 160, "Your cart", 34, ink, 700),
    box({ x: 100, y: 200, width: 760, height: 130 }, "#fff", "#e3e8ec"),
    `<g transform="translate(92 178) scale(.62)">${goods(20, 40, 207)}</g>`,
    text(290, 258, "Skerry jacket, M", 19, ink, 600),
    text(290, 288, "149,00 €", 16, soft),
    field(places.quantity, "1"),
    box({ x: 900, y: 200, width: 300, height: 350 }, "#fff", "#e3e8ec"),
    text(920, 246, "Summary", 20, ink, 700),
    text(920, 300, "Goods", 16, soft),
    text(1100, 300, "149,00 €"),
    text(920, 336, "Shipping", 16, soft),
    text(1100, 336, "4,90 €"),
    text(920, 400, "Total", 18, ink, 700),
    text(1090, 400, "153,90 €", 18, ink, 700),
    button(places.toCheckout, "To checkout"),
  ].join("");
}

function login(): string {
  return [
    header(1),
    box({ x: 400, y: 160, width: 480, height: 360 }, "#fff", "#e3e8ec"),
    text(440, 220, "Sign in", 30, ink, 700),
    text(440, 262, "E-mail", 14, soft),
    field(places.email, "mira@example.com"),
    text(440, 342, "Password", 14, soft),
    field(places.password, "••••••••••••"),
    button(places.signIn, "Sign in"),
  ].join("");
}

function checkout(): string {
  return [
    header(1),
    text(100, 160, "Pay", 34, ink, 700),
    box({ x: 100, y: 200, width: 700, height: 320 }, "#fff", "#e3e8ec"),
    text(130, 250, "Deliver to", 18, ink, 700),
    text(130, 286, "Mira Holm, Hafenstrasse 12, 20457 Hamburg", 16, soft),
    text(130, 350, "Pay with", 18, ink, 700),
    field({ x: 130, y: 374, width: 400, height: 44 }, "Invoice, 14 days"),
    box(places.terms, "#fff", "#6b7a88", 3),
    text(134, 576, "I have read the terms", 15),
    text(860, 560, "153,90 €", 28, ink, 700),
    button(places.pay, "Place the order"),
  ].join("");
}

function paid(): string {
  return [
    header(0),
    `<circle cx="640" cy="190" r="36" fill="${brand}"/><path d="M622 190 l13 13 l24 -26" stroke="#fff" stroke-width="6" fill="none"/>`,
    `<text x="640" y="292" text-anchor="middle" font-size="30" font-weight="700" fill="${ink}">Order 48213 is placed</text>`,
    `<text x="640" y="332" text-anchor="middle" font-size="17" fill="${soft}">A confirmation is on its way to mira@example.com.</text>`,
  ].join("");
}

const drawn: Record<Scene, () => string> = { shop, product, cart, login, checkout, paid };

/** A scene as an SVG document; the pointer is drawn where it is, as a person would see it. */
export function picture(scene: Scene, pointer?: { x: number; y: number }): string {
  const arrow = pointer
    ? `<path d="M${pointer.x} ${pointer.y} l0 20 l5 -5 l4 9 l4 -2 l-4 -8 l7 0 z" fill="#111" stroke="#fff"/>`
    : "";
  return `<svg xmlns="http://www.w3.org/2000/svg" width="1280" height="800" viewBox="0 0 1280 800" font-family="Helvetica, Arial, sans-serif"><rect width="1280" height="800" fill="#f4f6f8"/>${drawn[scene]()}${arrow}</svg>`;
}

/** The picture that an artefact's name stands for. */
export function pictureOf(name: string): string {
  return picture(scenes.find((scene) => name.includes(scene)) ?? "shop");
}

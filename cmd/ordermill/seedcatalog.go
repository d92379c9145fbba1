package main

// demoProduct is a product of the demo shop. Prices are minor units.
type demoProduct struct {
	sku, name          string
	eur, usd, gbp, jpy int64
	stock              int64
	weight             int // how often it is bought, beside the others
	digital            bool
}

// demoProducts is the catalogue of the demo shop. The first one is on the curl line that dev prints.
var demoProducts = []demoProduct{
	{sku: "MUG-ENAMEL-BLUE", name: "Enamel mug, blue", eur: 1490, usd: 1590, gbp: 1290, jpy: 2200, stock: 4000, weight: 12},
	{sku: "MUG-ENAMEL-CREAM", name: "Enamel mug, cream", eur: 1490, usd: 1590, gbp: 1290, jpy: 2200, stock: 2500, weight: 8},
	{sku: "TEAPOT-CAST-IRON", name: "Cast iron teapot, 0.8 l", eur: 5990, usd: 6490, gbp: 5290, jpy: 8900, stock: 400, weight: 4},
	{sku: "COFFEE-GRINDER", name: "Hand coffee grinder, steel burr", eur: 7900, usd: 8500, gbp: 6900, jpy: 11800, stock: 350, weight: 4},
	{sku: "COFFEE-ETHIOPIA-1KG", name: "Coffee beans, Ethiopia Sidamo, 1 kg", eur: 2650, usd: 2890, gbp: 2290, jpy: 3950, stock: 1800, weight: 11},
	{sku: "COFFEE-COLOMBIA-250", name: "Coffee beans, Colombia Huila, 250 g", eur: 890, usd: 990, gbp: 790, jpy: 1350, stock: 3000, weight: 10},
	{sku: "POUR-OVER-SET", name: "Pour-over set with glass carafe", eur: 3450, usd: 3790, gbp: 2990, jpy: 5200, stock: 600, weight: 6},
	{sku: "KNIFE-CHEF-20", name: "Chef's knife, 20 cm", eur: 8900, usd: 9490, gbp: 7900, jpy: 12800, stock: 250, weight: 3},
	{sku: "BOARD-OAK-L", name: "Oak chopping board, large", eur: 4290, usd: 4690, gbp: 3790, jpy: 6400, stock: 500, weight: 5},
	{sku: "PAN-IRON-28", name: "Forged iron pan, 28 cm", eur: 6490, usd: 6990, gbp: 5690, jpy: 9600, stock: 300, weight: 4},
	{sku: "APRON-LINEN-GREY", name: "Linen apron, grey", eur: 3900, usd: 4200, gbp: 3400, jpy: 5800, stock: 450, weight: 4},
	{sku: "TOWEL-LINEN-3", name: "Linen tea towels, set of three", eur: 2400, usd: 2600, gbp: 2100, jpy: 3600, stock: 900, weight: 7},
	{sku: "JAR-CORK-1L", name: "Storage jar with cork lid, 1 l", eur: 1190, usd: 1290, gbp: 990, jpy: 1750, stock: 2200, weight: 9},
	{sku: "CANDLE-BEESWAX", name: "Beeswax candles, pair", eur: 1250, usd: 1390, gbp: 1090, jpy: 1850, stock: 1500, weight: 6},
	{sku: "BLANKET-WOOL", name: "Merino blanket, 140 × 200 cm", eur: 12900, usd: 13900, gbp: 11500, jpy: 19200, stock: 180, weight: 2},
	{sku: "LAMP-DESK-BRASS", name: "Desk lamp, brushed brass", eur: 14900, usd: 15900, gbp: 12900, jpy: 22000, stock: 120, weight: 2},
	{sku: "NOTEBOOK-A5", name: "Notebook A5, dotted, thread-bound", eur: 1690, usd: 1790, gbp: 1490, jpy: 2500, stock: 2600, weight: 8},
	{sku: "TOTE-CANVAS", name: "Canvas tote bag", eur: 1990, usd: 2190, gbp: 1690, jpy: 2900, stock: 1400, weight: 6},
	{sku: "WATER-BOTTLE-750", name: "Steel water bottle, 750 ml", eur: 2790, usd: 2990, gbp: 2390, jpy: 4100, stock: 1100, weight: 6},
	{sku: "PLANTER-TERRACOTTA", name: "Terracotta planter, 18 cm", eur: 1590, usd: 1690, gbp: 1390, jpy: 2350, stock: 700, weight: 4},
	{sku: "RECIPES-EBOOK", name: "Forty breakfasts (e-book)", eur: 990, usd: 1090, gbp: 890, jpy: 1450, stock: 1_000_000, weight: 3, digital: true},
	{sku: "VOUCHER-50", name: "Gift voucher, 50", eur: 5000, usd: 5000, gbp: 5000, jpy: 5000, stock: 1_000_000, weight: 2, digital: true},
}

// price is what a product costs.
func (p demoProduct) price(currency string) int64 {
	switch currency {
	case "USD":
		return p.usd
	case "GBP":
		return p.gbp
	case "JPY":
		return p.jpy
	default:
		return p.eur
	}
}

// demoMarket is a country that buys.
type demoMarket struct {
	country, currency, locale, city string
	weight                          int
}

var demoMarkets = []demoMarket{
	{"DE", "EUR", "de-DE", "Berlin", 30},
	{"FR", "EUR", "fr-FR", "Lyon", 14},
	{"NL", "EUR", "nl-NL", "Utrecht", 8},
	{"IT", "EUR", "it-IT", "Bologna", 6},
	{"ES", "EUR", "es-ES", "Valencia", 6},
	{"GB", "GBP", "en-GB", "Leeds", 16},
	{"US", "USD", "en-US", "Portland", 15},
	{"JP", "JPY", "ja-JP", "Sendai", 5},
}

var (
	demoGivenNames  = []string{"Ada", "Ben", "Chloé", "Daan", "Elena", "Finn", "Giulia", "Hana", "Ines", "Jonas", "Kenji", "Lena", "Mateo", "Nora", "Oscar", "Priya", "Quentin", "Rosa", "Sofie", "Tom"}
	demoFamilyNames = []string{"Abbott", "Bauer", "Conti", "de Vries", "Evans", "Fischer", "García", "Hughes", "Ito", "Jansen", "Keller", "Laurent", "Moretti", "Nakamura", "Olsen", "Petit"}
)

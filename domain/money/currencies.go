package money

import "strings"

// current are the currencies and funds of ISO 4217, list one as of 2026-11-29 (published 2026-09-17), by the decimals of
// their minor unit. Those without a minor unit, such as gold and the testing code XTS, cannot be counted in one and are
// none here.
var current = exponents(map[int]string{
	0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
	2: "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW " +
		"CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF " +
		"IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK " +
		"MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP " +
		"SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG " +
		"YER ZAR ZMW ZWG",
	3: "BHD IQD JOD KWD LYD OMR TND",
	4: "CLF UYW",
})

// withdrawn are currencies that ISO 4217 had since this program counts money: amounts in them stay readable, and nothing
// new is sold in them.
var withdrawn = exponents(map[int]string{
	2: "ANG BGN CUC HRK SLL ZWL",
})

// exponents returns the decimals of each code.
func exponents(codes map[int]string) map[string]int {
	all := make(map[string]int, 200)
	for exponent, list := range codes {
		for code := range strings.SplitSeq(list, " ") {
			all[code] = exponent
		}
	}
	return all
}

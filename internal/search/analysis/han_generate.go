//go:build ignore

// Command han_generate writes han_variants.txt from two files of Unicode's Unihan
// database, Unihan_Variants.txt and Unihan_OtherMappings.txt, in a folder:
//
//	go run han_generate.go FOLDER > han_variants.txt
package main

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// shinjitai are the characters that Japan simplified, each before its older form,
// as far as the table of characters in common use (Jōyō kanji, 2010) names one; and
// 働, which is 動 in Chinese.
const shinjitai = `亜亞 悪惡 圧壓 囲圍 医醫 為爲 壱壹 隠隱 栄榮 営營 衛衞 駅驛 円圓 塩鹽 応應 欧歐 殴毆 奥奧 横橫 温溫 仮假 価價 画畫 会會
壊壞 懐懷 絵繪 拡擴 殻殼 覚覺 学學 岳嶽 楽樂 缶罐 巻卷 陥陷 勧勸 寛寬 関關 歓歡 観觀 気氣 帰歸 犠犧 旧舊 拠據 挙擧 峡峽 挟挾 狭狹
暁曉 区區 駆驅 径徑 恵惠 掲揭 渓溪 経經 継繼 茎莖 蛍螢 軽輕 鶏鷄 芸藝 欠缺 倹儉 剣劍 圏圈 検檢 権權 献獻 県縣 険險 顕顯 験驗 厳嚴
効效 広廣 恒恆 鉱鑛 号號 国國 済濟 砕碎 斎齋 剤劑 桜櫻 雑雜 参參 惨慘 桟棧 蚕蠶 賛贊 残殘 糸絲 歯齒 児兒 辞辭 湿濕 実實 舎舍 写寫
釈釋 寿壽 収收 従從 渋澁 獣獸 縦縱 粛肅 処處 叙敍 奨奬 将將 焼燒 称稱 証證 条條 乗乘 剰剩 壌壤 嬢孃 浄淨 畳疊 縄繩 譲讓 醸釀 触觸
嘱囑 真眞 寝寢 慎愼 尽盡 図圖 粋粹 酔醉 随隨 髄髓 数數 枢樞 声聲 静靜 斉齊 摂攝 窃竊 専專 戦戰 浅淺 潜潛 繊纖 践踐 銭錢 禅禪 双雙
壮壯 捜搜 挿插 争爭 総總 荘莊 装裝 騒騷 増增 臓臟 蔵藏 属屬 続續 堕墮 体體 対對 帯帶 滞滯 台臺 滝瀧 択擇 沢澤 単單 担擔 胆膽 団團
断斷 弾彈 遅遲 痴癡 虫蟲 昼晝 鋳鑄 庁廳 徴徵 聴聽 勅敕 鎮鎭 逓遞 鉄鐵 転轉 点點 伝傳 党黨 盗盜 灯燈 当當 闘鬪 徳德 独獨 読讀 届屆
弐貳 悩惱 脳腦 覇霸 廃廢 拝拜 売賣 麦麥 発發 髪髮 抜拔 蛮蠻 秘祕 浜濱 瓶甁 払拂 仏佛 並竝 変變 辺邊 弁辨 舗舖 穂穗 宝寶 豊豐 翻飜
万萬 満滿 訳譯 薬藥 与與 予豫 余餘 誉譽 揺搖 様樣 謡謠 来來 頼賴 乱亂 覧覽 竜龍 両兩 猟獵 緑綠 塁壘 涙淚 励勵 礼禮 隷隸 霊靈 齢齡
働動 恋戀 炉爐 労勞 楼樓 録錄 湾灣 亀龜 艶艷 麺麵 餅餠 塡填 剝剥 頰頬 歳歲 毎每 海海 徴徵 黒黑 戸戶 産產 顔顏 歩步 説說 税稅 脱脫 鋭銳
内內 撃擊 査查 青靑 清淸 教敎 巣巢 郷鄕 即卽 既旣 概槪 鶴鶴 択擇 駆驅 窓窗 剰剩 姫姬 値値 呉吳 渓谿 闘鬥 塀塀 歴歷 暦曆 飲飮 館舘`

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: go run han_generate.go FOLDER")
	}
	to := map[rune]rune{}
	// Traditional to simplified. A character that is listed as its own simplified
	// form too has a second one, which is taken: recall comes first.
	read(filepath.Join(os.Args[1], "Unihan_Variants.txt"), "kSimplifiedVariant", func(from rune, fields []string) {
		for _, f := range fields {
			if r := codePoint(f); r != from && to[from] == 0 {
				to[from] = r
			}
		}
	})
	root := func(r rune) rune {
		for range 4 {
			next, ok := to[r]
			if !ok {
				break
			}
			r = next
		}
		return r
	}
	// Japanese forms lead where their older forms lead, if those lead anywhere.
	pair := func(newer, older rune) {
		a, b := root(newer), root(older)
		switch {
		case a == b:
		case b != older:
			to[a] = b
		default:
			to[b] = a
		}
	}
	read(filepath.Join(os.Args[1], "Unihan_OtherMappings.txt"), "kJinmeiyoKanji", func(older rune, fields []string) {
		if _, link, ok := strings.Cut(fields[0], ":"); ok {
			pair(codePoint(link), older)
		}
	})
	for _, p := range strings.Fields(shinjitai) {
		if r := []rune(p); len(r) == 2 {
			pair(r[0], r[1])
		}
	}
	var from []rune
	for r := range to {
		if r < 0x10000 && root(r) < 0x10000 && root(r) != r && norm.NFKC.IsNormalString(string(r)) {
			from = append(from, r)
		}
	}
	slices.Sort(from)
	fmt.Print(`# Variants of Han characters: each is followed by the one that stands for both in the index.
# Written by han_generate.go from kSimplifiedVariant and kJinmeiyoKanji of the Unihan database,
# Unicode 15.0.0, and from the list of Japanese forms in it. Characters outside the basic plane are left out.
# Unihan: Copyright 1991-2022 Unicode, Inc. Distributed under the Terms of Use and the
# Unicode License in https://www.unicode.org/copyright.html.
`)
	for i, r := range from {
		fmt.Printf("%c%c", r, root(r))
		if i%40 == 39 || i == len(from)-1 {
			fmt.Println()
		}
	}
}

func read(path, property string, row func(rune, []string)) {
	f, err := os.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	for s.Scan() {
		cells := strings.Split(s.Text(), "\t")
		if len(cells) == 3 && cells[1] == property {
			row(codePoint(cells[0]), strings.Fields(cells[2]))
		}
	}
	if err := s.Err(); err != nil {
		log.Fatal(err)
	}
}

func codePoint(text string) rune {
	text, _, _ = strings.Cut(text, "<")
	n, err := strconv.ParseInt(strings.TrimPrefix(text, "U+"), 16, 32)
	if err != nil {
		log.Fatal(err)
	}
	return rune(n)
}

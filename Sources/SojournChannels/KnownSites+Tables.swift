// One site a line: its name as campaigns write it, then its hosts, if it is no second name. A host stands for all below it,
// `*` for any top level, also one like `co.uk`. A nearer host wins: mail.google.com over google.*.

extension KnownSites {
    static let searchEngines = """
        360 so.com 360.cn
        alltheweb alltheweb.com
        aol search.aol.* aol.com
        ask ask.com
        baidu baidu.com
        biglobe biglobe.ne.jp
        bing bing.com
        brave search.brave.com
        daum daum.net
        dogpile dogpile.com
        duckduckgo duckduckgo.com duck.com
        ecosia ecosia.org ecosia.com
        firmy.cz firmy.cz
        go.mail.ru go.mail.ru
        google google.* googleadservices.com googlesyndication.com com.google.android.googlequicksearchbox
        kagi kagi.com
        kvasir kvasir.no
        lycos lycos.com
        mamma mamma.com
        metager metager.de metager.org
        mojeek mojeek.com
        naver naver.com
        onet onet.pl
        presearch presearch.com presearch.org
        qwant qwant.com
        rambler rambler.ru
        searx searx.me searx.be
        seznam seznam.cz
        sm.cn sm.cn
        sogou sogou.com
        startpage startpage.com startpage.co.uk
        startsiden startsiden.no
        swisscows swisscows.com swisscows.ch
        szukacz szukacz.pl
        virgilio virgilio.it
        voila voila.fr
        wirtualna-polska wp.pl
        yahoo yahoo.*
        yandex yandex.* ya.ru
        yippy yippy.com
        zapmeta zapmeta.*
        """

    static let socialNetworks = """
        ameba ameba.jp ameblo.jp
        badoo badoo.com
        bereal bereal.com
        blogger blogger.com blogspot.*
        bluesky bsky.app bsky.social
        delicious delicious.com
        deviantart deviantart.com
        digg digg.com
        discord discord.com discordapp.com com.discord
        disqus disqus.com
        douban douban.com
        facebook facebook.com fb.com fb.me m.me messenger.com com.facebook.katana
        fb
        mastodon mastodon.social mastodon.online mstdn.social fosstodon.org
        flickr flickr.com
        foursquare foursquare.com
        goodreads goodreads.com
        hackernews news.ycombinator.com hckrnews.com
        hatena hatena.ne.jp b.hatena.ne.jp
        hi5 hi5.com
        ig
        instagram instagram.com com.instagram.android
        instapaper instapaper.com
        kakao kakao.com kakaocorp.com
        line line.me
        linkedin linkedin.com lnkd.in com.linkedin.android
        livejournal livejournal.com
        lobsters lobste.rs
        medium medium.com
        meetup meetup.com
        meta meta.com
        mixi mixi.jp
        myspace myspace.com
        newsblur newsblur.com
        nextdoor nextdoor.com
        odnoklassniki ok.ru odnoklassniki.ru
        pinterest pinterest.* pin.it com.pinterest
        plurk plurk.com
        pocket getpocket.com
        quora quora.com
        reddit reddit.com redd.it com.reddit.frontpage
        renren renren.com
        skyrock skyrock.com
        slashdot slashdot.org
        snapchat snapchat.com
        soundcloud soundcloud.com
        stackexchange stackexchange.com
        stackoverflow stackoverflow.com
        substack substack.com
        taringa taringa.net
        telegram t.me telegram.org telegram.me web.telegram.org org.telegram.messenger
        threads threads.net threads.com
        tripadvisor tripadvisor.*
        tumblr tumblr.com
        twitter twitter.com t.co com.twitter.android
        typepad typepad.com
        vk vk.com vkontakte.ru
        wechat wechat.com weixin.qq.com
        weibo weibo.com weibo.cn t.cn
        whatsapp whatsapp.com wa.me com.whatsapp
        wordpress wordpress.com
        x x.com
        xing xing.com
        yammer yammer.com
        yelp yelp.*
        zhihu zhihu.com
        """

    static let shoppingSites = """
        alibaba alibaba.com
        aliexpress aliexpress.com aliexpress.ru aliexpress.us
        allegro allegro.pl
        amazon amazon.* amzn.to
        bestbuy bestbuy.com
        bol bol.com
        cdiscount cdiscount.com
        ceneo ceneo.pl
        coupang coupang.com
        ebay ebay.*
        etsy etsy.com
        flipkart flipkart.com
        geizhals geizhals.at geizhals.de geizhals.eu
        heureka heureka.cz heureka.sk
        idealo idealo.*
        jd jd.com
        kaufland kaufland.de
        kelkoo kelkoo.*
        lazada lazada.*
        mercadolibre mercadolibre.*
        mercadolivre mercadolivre.com.br
        otto otto.de
        ozon ozon.ru
        pricegrabber pricegrabber.com
        pricerunner pricerunner.com pricerunner.dk pricerunner.se
        pricespy pricespy.co.uk pricespy.com
        rakuten rakuten.com rakuten.co.jp
        shein shein.com
        shop.app shop.app
        shopify shopify.com
        shopping shopping.com shopping.google.*
        shopzilla shopzilla.com
        taobao taobao.com
        target target.com
        temu temu.com
        tmall tmall.com
        twenga twenga.com
        walmart walmart.com
        wildberries wildberries.ru
        wish wish.com
        zalando zalando.*
        """

    static let videoSites = """
        bilibili bilibili.com
        dailymotion dailymotion.com dai.ly
        disneyplus disneyplus.com
        hulu hulu.com
        iqiyi iqiyi.com
        netflix netflix.com
        niconico nicovideo.jp
        odysee odysee.com
        rumble rumble.com
        ted ted.com
        tiktok tiktok.com
        twitch twitch.tv
        veoh veoh.com
        vimeo vimeo.com
        wistia wistia.com
        youku youku.com
        youtube youtube.com youtu.be youtube-nocookie.com com.google.android.youtube
        """

    static let webMailers = """
        gmail mail.google.com com.google.android.gm
        gmx-mail navigator.gmx.net navigator.gmx.com
        mail.ru e.mail.ru
        outlook outlook.com outlook.live.com outlook.office.com outlook.office365.com
        proton mail.proton.me
        qq-mail mail.qq.com
        webde-mail navigator.web.de
        yahoo-mail mail.yahoo.com mail.yahoo.co.jp
        yandex-mail mail.yandex.ru mail.yandex.com
        """

    static let plainSites = """
        google-apps accounts.google.com calendar.google.com classroom.google.com docs.google.com drive.google.com groups.google.com keep.google.com meet.google.com sites.google.com translate.google.com
        live-login login.live.com onedrive.live.com
        """
}

package io.sojourn.model;

/**
 * Where an event came from. Texts may be null; such that are not have 1 to 2,048 bytes of UTF-8.
 *
 * @param isKnownBot the sender knows that the visitor is a bot
 */
public record Context(
    String device, String channel, String country, String region, String referrer,
    String campaignSource, String campaignMedium, String campaignName, boolean isKnownBot) {

    /** Says nothing; the start of {@code Context.EMPTY.withDevice("phone")}. */
    public static final Context EMPTY = new Context(null, null, null, null, null, null, null, null, false);

    /** How many texts a context has. */
    public static final int TEXTS = 8;

    /** The text of a cell; see "Contexts". */
    public String text(int cell) {
        return switch (cell) {
            case 0 -> device;
            case 1 -> channel;
            case 2 -> country;
            case 3 -> region;
            case 4 -> referrer;
            case 5 -> campaignSource;
            case 6 -> campaignMedium;
            case 7 -> campaignName;
            default -> throw new IndexOutOfBoundsException(cell);
        };
    }

    /** A context of eight texts in the order of the cells. */
    public static Context ofTexts(String[] texts, boolean isKnownBot) {
        return new Context(
            texts[0], texts[1], texts[2], texts[3], texts[4], texts[5], texts[6], texts[7], isKnownBot);
    }

    private Context with(int cell, String text) {
        String[] texts = new String[TEXTS];
        for (int other = 0; other < TEXTS; other++) texts[other] = other == cell ? text : text(other);
        return ofTexts(texts, isKnownBot);
    }

    public Context withDevice(String text) {
        return with(0, text);
    }

    public Context withChannel(String text) {
        return with(1, text);
    }

    public Context withCountry(String text) {
        return with(2, text);
    }

    public Context withRegion(String text) {
        return with(3, text);
    }

    public Context withReferrer(String text) {
        return with(4, text);
    }

    public Context withCampaignSource(String text) {
        return with(5, text);
    }

    public Context withCampaignMedium(String text) {
        return with(6, text);
    }

    public Context withCampaignName(String text) {
        return with(7, text);
    }

    public Context knownBot() {
        return new Context(
            device, channel, country, region, referrer, campaignSource, campaignMedium, campaignName, true);
    }
}

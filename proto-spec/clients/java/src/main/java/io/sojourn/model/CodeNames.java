package io.sojourn.model;

/** Names of small codes; a code without one is shown as its number. */
final class CodeNames {
    private final String[] names = new String[256];

    CodeNames name(int code, String name) {
        names[code] = name;
        return this;
    }

    String get(int code) {
        return code >= 0 && code < names.length && names[code] != null ? names[code] : Integer.toString(code);
    }
}

export declare function loadFromSource(): () => void;
